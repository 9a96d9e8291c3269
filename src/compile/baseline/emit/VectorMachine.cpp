// Intrinsics that are instructions of x86 on vectors of 128 bits: what <emmintrin.h> and its like turn into, as far as
// LLVM has no general form for it.
#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "compile/baseline/emit/Conditions.h"
#include "compile/baseline/emit/Vectors.h"

namespace kiln::baseline {

using namespace sse;

namespace {

namespace Inst = x86::Inst;

/// What the machine must have beyond SSE2.
enum class Level : std::uint8_t { Sse2, Sse3, Ssse3, Sse41 };

struct MachineForm {
  enum class Kind : std::uint8_t { None, Binary, BinaryImmediate, Unary, Count, ToGpr } kind = Kind::None;
  Sse operation{};
  Level level = Level::Sse2;
};

using Kind = MachineForm::Kind;

/// Two operands, no immediate.
MachineForm binaryForm(llvm::Intrinsic::ID id) {
  auto form = [](asmjit::InstId plain, asmjit::InstId avx, Level level = Level::Sse2) {
    return MachineForm{Kind::Binary, {plain, avx}, level};
  };
  switch (id) {
  case llvm::Intrinsic::x86_sse_min_ps: return form(Inst::kIdMinps, Inst::kIdVminps);
  case llvm::Intrinsic::x86_sse_max_ps: return form(Inst::kIdMaxps, Inst::kIdVmaxps);
  case llvm::Intrinsic::x86_sse_min_ss: return form(Inst::kIdMinss, Inst::kIdVminss);
  case llvm::Intrinsic::x86_sse_max_ss: return form(Inst::kIdMaxss, Inst::kIdVmaxss);
  case llvm::Intrinsic::x86_sse2_min_pd: return form(Inst::kIdMinpd, Inst::kIdVminpd);
  case llvm::Intrinsic::x86_sse2_max_pd: return form(Inst::kIdMaxpd, Inst::kIdVmaxpd);
  case llvm::Intrinsic::x86_sse2_min_sd: return form(Inst::kIdMinsd, Inst::kIdVminsd);
  case llvm::Intrinsic::x86_sse2_max_sd: return form(Inst::kIdMaxsd, Inst::kIdVmaxsd);
  case llvm::Intrinsic::x86_sse2_packssdw_128: return {Kind::Binary, kPackssdw};
  case llvm::Intrinsic::x86_sse2_packsswb_128: return {Kind::Binary, kPacksswb};
  case llvm::Intrinsic::x86_sse2_packuswb_128: return {Kind::Binary, kPackuswb};
  case llvm::Intrinsic::x86_sse41_packusdw: return form(Inst::kIdPackusdw, Inst::kIdVpackusdw, Level::Sse41);
  case llvm::Intrinsic::x86_sse2_pmadd_wd: return form(Inst::kIdPmaddwd, Inst::kIdVpmaddwd);
  case llvm::Intrinsic::x86_sse2_pmulh_w: return form(Inst::kIdPmulhw, Inst::kIdVpmulhw);
  case llvm::Intrinsic::x86_sse2_pmulhu_w: return form(Inst::kIdPmulhuw, Inst::kIdVpmulhuw);
  case llvm::Intrinsic::x86_sse2_psad_bw: return form(Inst::kIdPsadbw, Inst::kIdVpsadbw);
  case llvm::Intrinsic::x86_sse2_pavg_b: return form(Inst::kIdPavgb, Inst::kIdVpavgb);
  case llvm::Intrinsic::x86_sse2_pavg_w: return form(Inst::kIdPavgw, Inst::kIdVpavgw);
  case llvm::Intrinsic::x86_sse2_psll_w: return {Kind::Binary, kPsllw};
  case llvm::Intrinsic::x86_sse2_psll_d: return {Kind::Binary, kPslld};
  case llvm::Intrinsic::x86_sse2_psll_q: return {Kind::Binary, kPsllq};
  case llvm::Intrinsic::x86_sse2_psrl_w: return {Kind::Binary, kPsrlw};
  case llvm::Intrinsic::x86_sse2_psrl_d: return {Kind::Binary, kPsrld};
  case llvm::Intrinsic::x86_sse2_psrl_q: return {Kind::Binary, kPsrlq};
  case llvm::Intrinsic::x86_sse2_psra_w: return {Kind::Binary, kPsraw};
  case llvm::Intrinsic::x86_sse2_psra_d: return {Kind::Binary, kPsrad};
  case llvm::Intrinsic::x86_sse3_hadd_ps: return form(Inst::kIdHaddps, Inst::kIdVhaddps, Level::Sse3);
  case llvm::Intrinsic::x86_sse3_hadd_pd: return form(Inst::kIdHaddpd, Inst::kIdVhaddpd, Level::Sse3);
  case llvm::Intrinsic::x86_sse3_hsub_ps: return form(Inst::kIdHsubps, Inst::kIdVhsubps, Level::Sse3);
  case llvm::Intrinsic::x86_sse3_hsub_pd: return form(Inst::kIdHsubpd, Inst::kIdVhsubpd, Level::Sse3);
  case llvm::Intrinsic::x86_sse3_addsub_ps: return form(Inst::kIdAddsubps, Inst::kIdVaddsubps, Level::Sse3);
  case llvm::Intrinsic::x86_sse3_addsub_pd: return form(Inst::kIdAddsubpd, Inst::kIdVaddsubpd, Level::Sse3);
  case llvm::Intrinsic::x86_ssse3_pshuf_b_128: return {Kind::Binary, kPshufb, Level::Ssse3};
  case llvm::Intrinsic::x86_ssse3_pmadd_ub_sw_128: return form(Inst::kIdPmaddubsw, Inst::kIdVpmaddubsw, Level::Ssse3);
  case llvm::Intrinsic::x86_ssse3_pmul_hr_sw_128: return form(Inst::kIdPmulhrsw, Inst::kIdVpmulhrsw, Level::Ssse3);
  case llvm::Intrinsic::x86_ssse3_phadd_w_128: return form(Inst::kIdPhaddw, Inst::kIdVphaddw, Level::Ssse3);
  case llvm::Intrinsic::x86_ssse3_phadd_d_128: return form(Inst::kIdPhaddd, Inst::kIdVphaddd, Level::Ssse3);
  default: return {};
  }
}

MachineForm formOf(llvm::Intrinsic::ID id) {
  switch (id) {
  case llvm::Intrinsic::x86_sse_cmp_ps: return {Kind::BinaryImmediate, kCmpps};
  case llvm::Intrinsic::x86_sse_cmp_ss: return {Kind::BinaryImmediate, {Inst::kIdCmpss, Inst::kIdVcmpss}};
  case llvm::Intrinsic::x86_sse2_cmp_pd: return {Kind::BinaryImmediate, kCmppd};
  case llvm::Intrinsic::x86_sse2_cmp_sd: return {Kind::BinaryImmediate, {Inst::kIdCmpsd, Inst::kIdVcmpsd}};
  case llvm::Intrinsic::x86_sse_rcp_ps: return {Kind::Unary, {Inst::kIdRcpps, Inst::kIdVrcpps}};
  case llvm::Intrinsic::x86_sse_rsqrt_ps: return {Kind::Unary, {Inst::kIdRsqrtps, Inst::kIdVrsqrtps}};
  case llvm::Intrinsic::x86_sse2_cvtps2dq: return {Kind::Unary, {Inst::kIdCvtps2dq, Inst::kIdVcvtps2dq}};
  case llvm::Intrinsic::x86_sse2_cvttps2dq: return {Kind::Unary, kCvttps2dq};
  case llvm::Intrinsic::x86_sse2_cvtpd2dq: return {Kind::Unary, {Inst::kIdCvtpd2dq, Inst::kIdVcvtpd2dq}};
  case llvm::Intrinsic::x86_sse2_cvttpd2dq: return {Kind::Unary, kCvttpd2dq};
  case llvm::Intrinsic::x86_sse2_cvtpd2ps: return {Kind::Unary, kCvtpd2ps};
  case llvm::Intrinsic::x86_sse2_pslli_w: return {Kind::Count, kPsllw};
  case llvm::Intrinsic::x86_sse2_pslli_d: return {Kind::Count, kPslld};
  case llvm::Intrinsic::x86_sse2_pslli_q: return {Kind::Count, kPsllq};
  case llvm::Intrinsic::x86_sse2_psrli_w: return {Kind::Count, kPsrlw};
  case llvm::Intrinsic::x86_sse2_psrli_d: return {Kind::Count, kPsrld};
  case llvm::Intrinsic::x86_sse2_psrli_q: return {Kind::Count, kPsrlq};
  case llvm::Intrinsic::x86_sse2_psrai_w: return {Kind::Count, kPsraw};
  case llvm::Intrinsic::x86_sse2_psrai_d: return {Kind::Count, kPsrad};
  case llvm::Intrinsic::x86_sse_movmsk_ps: return {Kind::ToGpr, {Inst::kIdMovmskps, Inst::kIdVmovmskps}};
  case llvm::Intrinsic::x86_sse2_movmsk_pd: return {Kind::ToGpr, {Inst::kIdMovmskpd, Inst::kIdVmovmskpd}};
  case llvm::Intrinsic::x86_sse2_pmovmskb_128: return {Kind::ToGpr, {Inst::kIdPmovmskb, Inst::kIdVpmovmskb}};
  case llvm::Intrinsic::x86_sse_cvtss2si:
  case llvm::Intrinsic::x86_sse_cvtss2si64: return {Kind::ToGpr, {Inst::kIdCvtss2si, Inst::kIdVcvtss2si}};
  case llvm::Intrinsic::x86_sse_cvttss2si:
  case llvm::Intrinsic::x86_sse_cvttss2si64: return {Kind::ToGpr, {Inst::kIdCvttss2si, Inst::kIdVcvttss2si}};
  case llvm::Intrinsic::x86_sse2_cvtsd2si:
  case llvm::Intrinsic::x86_sse2_cvtsd2si64: return {Kind::ToGpr, {Inst::kIdCvtsd2si, Inst::kIdVcvtsd2si}};
  case llvm::Intrinsic::x86_sse2_cvttsd2si:
  case llvm::Intrinsic::x86_sse2_cvttsd2si64: return {Kind::ToGpr, {Inst::kIdCvttsd2si, Inst::kIdVcvttsd2si}};
  default: return binaryForm(id);
  }
}

/// Comparisons of the lowest lanes: the relation, and whether of doubles and whether quiet.
struct LowestTest {
  llvm::CmpInst::Predicate predicate = llvm::CmpInst::BAD_FCMP_PREDICATE;
  bool twice = false, quiet = false;
};

LowestTest lowestTestOf(llvm::Intrinsic::ID id) {
  using enum llvm::CmpInst::Predicate;
  switch (id) {
  case llvm::Intrinsic::x86_sse_comieq_ss: return {FCMP_OEQ};
  case llvm::Intrinsic::x86_sse_comineq_ss: return {FCMP_UNE};
  case llvm::Intrinsic::x86_sse_comilt_ss: return {FCMP_OLT};
  case llvm::Intrinsic::x86_sse_comile_ss: return {FCMP_OLE};
  case llvm::Intrinsic::x86_sse_comigt_ss: return {FCMP_OGT};
  case llvm::Intrinsic::x86_sse_comige_ss: return {FCMP_OGE};
  case llvm::Intrinsic::x86_sse_ucomieq_ss: return {FCMP_OEQ, false, true};
  case llvm::Intrinsic::x86_sse_ucomineq_ss: return {FCMP_UNE, false, true};
  case llvm::Intrinsic::x86_sse_ucomilt_ss: return {FCMP_OLT, false, true};
  case llvm::Intrinsic::x86_sse_ucomile_ss: return {FCMP_OLE, false, true};
  case llvm::Intrinsic::x86_sse_ucomigt_ss: return {FCMP_OGT, false, true};
  case llvm::Intrinsic::x86_sse_ucomige_ss: return {FCMP_OGE, false, true};
  case llvm::Intrinsic::x86_sse2_comieq_sd: return {FCMP_OEQ, true};
  case llvm::Intrinsic::x86_sse2_comineq_sd: return {FCMP_UNE, true};
  case llvm::Intrinsic::x86_sse2_comilt_sd: return {FCMP_OLT, true};
  case llvm::Intrinsic::x86_sse2_comile_sd: return {FCMP_OLE, true};
  case llvm::Intrinsic::x86_sse2_comigt_sd: return {FCMP_OGT, true};
  case llvm::Intrinsic::x86_sse2_comige_sd: return {FCMP_OGE, true};
  case llvm::Intrinsic::x86_sse2_ucomieq_sd: return {FCMP_OEQ, true, true};
  case llvm::Intrinsic::x86_sse2_ucomineq_sd: return {FCMP_UNE, true, true};
  case llvm::Intrinsic::x86_sse2_ucomilt_sd: return {FCMP_OLT, true, true};
  case llvm::Intrinsic::x86_sse2_ucomile_sd: return {FCMP_OLE, true, true};
  case llvm::Intrinsic::x86_sse2_ucomigt_sd: return {FCMP_OGT, true, true};
  case llvm::Intrinsic::x86_sse2_ucomige_sd: return {FCMP_OGE, true, true};
  default: return {};
  }
}

} // namespace

/// Unordered operands set the flags of "equal", "below" and "parity".
bool Vectors::emitLowestCompare(const llvm::IntrinsicInst& intrinsic) {
  const LowestTest test = lowestTestOf(intrinsic.getIntrinsicID());
  if (test.predicate == llvm::CmpInst::BAD_FCMP_PREDICATE)
    return false;
  Xmm left = readXmm(intrinsic.getArgOperand(0), 0, x86::xmm14),
      right = readXmm(intrinsic.getArgOperand(1), 0, x86::xmm15);
  if (test.predicate == llvm::CmpInst::FCMP_OLT || test.predicate == llvm::CmpInst::FCMP_OLE)
    std::swap(left, right);
  const Sse form =
      test.quiet ? (test.twice ? Sse{Inst::kIdUcomisd, Inst::kIdVucomisd} : Sse{Inst::kIdUcomiss, Inst::kIdVucomiss})
                 : (test.twice ? Sse{Inst::kIdComisd, Inst::kIdVcomisd} : Sse{Inst::kIdComiss, Inst::kIdVcomiss});
  sseUnary(form, left, right);
  const bool equal = test.predicate == llvm::CmpInst::FCMP_OEQ, unequal = test.predicate == llvm::CmpInst::FCMP_UNE;
  if (!equal && !unequal) {
    const bool strict = test.predicate == llvm::CmpInst::FCMP_OGT || test.predicate == llvm::CmpInst::FCMP_OLT;
    families_.conditions.give(numberOf(intrinsic), strict ? Condition::kUnsignedGT : Condition::kUnsignedGE);
    return true;
  }
  equal ? a_.setnp(x86::r10b) : a_.setp(x86::r10b);
  equal ? a_.sete(x86::al) : a_.setne(x86::al);
  equal ? a_.and_(x86::al, x86::r10b) : a_.or_(x86::al, x86::r10b);
  families_.conditions.give(numberOf(intrinsic), Condition::kNotZero);
  return true;
}

bool Vectors::emitMachine(const llvm::IntrinsicInst& intrinsic) {
  if (emitLowestCompare(intrinsic))
    return true;
  const MachineForm form = formOf(intrinsic.getIntrinsicID());
  const bool has = form.level == Level::Sse2 || (form.level == Level::Sse3 && features().hasSSE3()) ||
                   (form.level == Level::Ssse3 && features().hasSSSE3()) ||
                   (form.level == Level::Sse41 && features().hasSSE4_1());
  if (form.kind == Kind::None || !has)
    return false;
  const std::uint32_t number = numberOf(intrinsic);
  if (form.kind == Kind::ToGpr) {
    Gp to = target(number);
    a_.emit(hasAvx_ ? form.operation.avx : form.operation.plain, sized(to, operationBits(bitsOf(intrinsic.getType()))),
            readXmm(intrinsic.getArgOperand(0)));
    wrote(number, 0, to);
    return true;
  }
  Xmm to = targetXmm(number), from = readXmm(intrinsic.getArgOperand(0), 0, to);
  switch (form.kind) {
  case Kind::Unary: sseUnary(form.operation, to, from); break;
  case Kind::Binary: sse(form.operation, to, from, readXmm(intrinsic.getArgOperand(1), 0, x86::xmm14)); break;
  case Kind::BinaryImmediate:
    sse(form.operation, to, from, readXmm(intrinsic.getArgOperand(1), 0, x86::xmm14),
        static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(2))->getZExtValue()));
    break;
  default: // a count for all lanes, as a vector's lower half
    zeroExtendInto(x86::rax, intrinsic.getArgOperand(1));
    moveBits(x86::xmm14, x86::rax);
    sse(form.operation, to, from, x86::xmm14);
  }
  wrote(number, 0, to);
  return true;
}

} // namespace kiln::baseline
