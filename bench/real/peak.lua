-- Runs another script REPS times and reports the CPU time of each run to stderr, as programs/rep.h does.
-- Usage: peak.lua SCRIPT SCALE REPS.  Prints what the script printed last, and how often it printed the same.
local script, scale, reps = assert(arg[1]), assert(arg[2]), assert(math.tointeger(tonumber(arg[3])))
local work = assert(loadfile(script))
local show, last, same = print, nil, 0
arg = { [0] = script, scale }
for rep = 1, reps do
  local lines = {}
  print = function(line) lines[#lines + 1] = line end
  collectgarbage()
  local begin = os.clock()
  work()
  io.stderr:write(("rep %d %d\n"):format(rep - 1, math.floor((os.clock() - begin) * 1e9)))
  local text = table.concat(lines, "\n")
  if text == last then same = same + 1 end
  last = text
end
show(last)
show("same", same)
