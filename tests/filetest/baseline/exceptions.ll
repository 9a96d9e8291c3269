; Exceptions where C++ puts none: phis on the edges of exceptions, a landing pad that is a loop's header and one whose values
; come from several invokes, type numbers that are asked for before any landing pad was seen. What main returns is counted by
; hand.
; RUN: %ends 0 %kiln run --tier interpreter %s
; RUN: %ends 0 %kiln run --tier baseline --crash-on-refusal %s
; RUN: %ends 0 %kiln run --tier baseline --crash-on-refusal --counters on %s
; RUN: %ends 0 %kiln run --tier baseline --crash-on-refusal --baseline-registers 4 %s
; RUN: %ends 0 %kiln run --tier O1 %s

@_ZTIi = external constant ptr
@_ZTIl = external constant ptr
declare i32 @__gxx_personality_v0(...)
declare ptr @__cxa_allocate_exception(i64)
declare void @__cxa_throw(ptr, ptr, ptr) noreturn
declare ptr @__cxa_begin_catch(ptr)
declare void @__cxa_end_catch()
declare i32 @llvm.eh.typeid.for.p0(ptr)

; Returns its last argument, or throws it as an int if it is odd.
define i32 @odd_throws(i64, i64, i64, i64, i64, i64, i32 %n) noinline {
  %odd = trunc i32 %n to i1
  br i1 %odd, label %throw, label %return
throw:
  %room = call ptr @__cxa_allocate_exception(i64 4)
  store i32 %n, ptr %room
  call void @__cxa_throw(ptr %room, ptr @_ZTIi, ptr null)
  unreachable
return:
  ret i32 %n
}

define i32 @caught(ptr %exception) noinline {
  %object = call ptr @__cxa_begin_catch(ptr %exception)
  %value = load i32, ptr %object
  call void @__cxa_end_catch()
  ret i32 %value
}

; Throws 1, 3, 5, 7 until 8 is reached: the landing pad is the header.
define i32 @header(i32 %step) personality ptr @__gxx_personality_v0 {
entry:
  %first = invoke i32 @odd_throws(i64 0, i64 0, i64 0, i64 0, i64 0, i64 0, i32 1) to label %out unwind label %head
head:
  %sum = phi i32 [ 100, %entry ], [ %sum1, %head ]
  %n = phi i32 [ 1, %entry ], [ %next, %head ]
  %pad = landingpad { ptr, i32 } catch ptr @_ZTIi
  %exception = extractvalue { ptr, i32 } %pad, 0
  %value = call i32 @caught(ptr %exception)
  %sum1 = add i32 %sum, %value
  %big = icmp sgt i32 %n, 6
  %more = select i1 %big, i32 1, i32 2
  %next = add i32 %n, %more
  %last = invoke i32 @odd_throws(i64 0, i64 0, i64 0, i64 0, i64 0, i64 0, i32 %next) to label %out unwind label %head
out:
  %s = phi i32 [ 0, %entry ], [ %sum1, %head ]
  %r = phi i32 [ 0, %entry ], [ %last, %head ]
  %all = add i32 %s, %r
  ret i32 %all
}

; Two invokes land in one block: which was it, and what was computed before.
define i32 @which(i32 %a, i32 %b) personality ptr @__gxx_personality_v0 {
entry:
  %id = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTIi)
  %x = invoke i32 @odd_throws(i64 0, i64 0, i64 0, i64 0, i64 0, i64 0, i32 %a) to label %second unwind label %landing
second:
  %x10 = mul i32 %x, 10
  %y = invoke i32 @odd_throws(i64 0, i64 0, i64 0, i64 0, i64 0, i64 0, i32 %b) to label %out unwind label %landing
landing:
  %at = phi i32 [ 1000, %entry ], [ 2000, %second ]
  %so_far = phi i32 [ %b, %entry ], [ %x10, %second ]
  %pad = landingpad { ptr, i32 } catch ptr @_ZTIl catch ptr @_ZTIi
  %selector = extractvalue { ptr, i32 } %pad, 1
  %exception = extractvalue { ptr, i32 } %pad, 0
  %is_int = icmp eq i32 %selector, %id
  br i1 %is_int, label %int, label %other
int:
  %value = call i32 @caught(ptr %exception)
  %s = add i32 %at, %so_far
  %s1 = add i32 %s, %value
  ret i32 %s1
other:
  resume { ptr, i32 } %pad
out:
  %sum = add i32 %x10, %y
  ret i32 %sum
}

; A filter that lets an int pass and no long; a cleanup in front of it. The value changes on the way.
define i32 @passes(i32 %n) personality ptr @__gxx_personality_v0 {
entry:
  %x = invoke i32 @cleans(i32 %n) to label %out unwind label %landing
landing:
  %pad = landingpad { ptr, i32 } catch ptr null
  %exception = extractvalue { ptr, i32 } %pad, 0
  %value = call i32 @caught(ptr %exception)
  %back = add i32 %value, 500
  ret i32 %back
out:
  ret i32 %x
}
@cleaned = global i32 0
define i32 @cleans(i32 %n) personality ptr @__gxx_personality_v0 {
entry:
  %x = invoke i32 @odd_throws(i64 0, i64 0, i64 0, i64 0, i64 0, i64 0, i32 %n) to label %out unwind label %landing
landing:
  %pad = landingpad { ptr, i32 } cleanup filter [1 x ptr] [ptr @_ZTIi]
  %old = load i32, ptr @cleaned
  %new = add i32 %old, %n
  store i32 %new, ptr @cleaned
  resume { ptr, i32 } %pad
out:
  ret i32 %x
}

; Stack arguments go when the callee throws: it always finds its frame at the same place.
@where = global ptr null
define i32 @throws_at(i64, i64, i64, i64, i64, i64, i32 %n, ptr byval([5 x i64]) %more) noinline {
  %local = alloca i32
  store i32 %n, ptr %local
  store ptr %local, ptr @where
  %again = load i32, ptr %local
  %r = call i32 @odd_throws(i64 0, i64 0, i64 0, i64 0, i64 0, i64 0, i32 %again)
  ret i32 %r
}
define i32 @stays(i32 %rounds) personality ptr @__gxx_personality_v0 {
entry:
  %copied = alloca [5 x i64]
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %i1, %next ]
  %before = phi ptr [ null, %entry ], [ %now, %next ]
  %moved = phi i32 [ 0, %entry ], [ %moved1, %next ]
  %odd = or i32 %i, 1
  %x = invoke i32 @throws_at(i64 0, i64 0, i64 0, i64 0, i64 0, i64 0, i32 %odd, ptr byval([5 x i64]) %copied)
       to label %never unwind label %landing
landing:
  %pad = landingpad { ptr, i32 } catch ptr null
  %exception = extractvalue { ptr, i32 } %pad, 0
  %value = call i32 @caught(ptr %exception)
  %now = load ptr, ptr @where
  %same = icmp eq ptr %now, %before
  %first = icmp eq i32 %i, 0
  %ok = or i1 %same, %first
  %moved2 = add i32 %moved, 1
  %moved1 = select i1 %ok, i32 %moved, i32 %moved2
  br label %next
next:
  %i1 = add i32 %i, 1
  %more = icmp slt i32 %i1, %rounds
  br i1 %more, label %head, label %done
never:
  ret i32 -1
done:
  ret i32 %moved1
}

define i32 @main() {
  %h = call i32 @header(i32 0)          ; 100 + 1 + 3 + 5 + 7 + 8
  %w1 = call i32 @which(i32 2, i32 4)   ; 24
  %w2 = call i32 @which(i32 3, i32 4)   ; 1000 + 4 + 3
  %w3 = call i32 @which(i32 2, i32 5)   ; 2000 + 20 + 5
  %p1 = call i32 @passes(i32 6)         ; 6
  %p2 = call i32 @passes(i32 9)         ; 509
  %c = load i32, ptr @cleaned           ; 9 if the filter is asked, else 0
  %l = call i32 @stays(i32 10)          ; 0
  %c0 = icmp eq i32 %l, 0
  %c1 = icmp eq i32 %h, 124
  %c2 = icmp eq i32 %w1, 24
  %c3 = icmp eq i32 %w2, 1007
  %c4 = icmp eq i32 %w3, 2025
  %c5 = icmp eq i32 %p1, 6
  %c6 = icmp eq i32 %p2, 509
  %c7 = icmp eq i32 %c, 9
  %a0 = and i1 %c0, %c1
  %a1 = and i1 %a0, %c2
  %a2 = and i1 %a1, %c3
  %a3 = and i1 %a2, %c4
  %a4 = and i1 %a3, %c5
  %a5 = and i1 %a4, %c6
  %a6 = and i1 %a5, %c7
  %bad = xor i1 %a6, true
  %status = zext i1 %bad to i32
  ret i32 %status
}
