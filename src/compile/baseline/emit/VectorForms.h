// What the parts of the emitter for vectors share: the forms of vector types and the instructions on them.
#pragma once

#include <asmjit/x86.h>
#include <llvm/IR/DerivedTypes.h>

#include <array>
#include <cstdint>

namespace kiln::baseline {

struct VectorForm {
  unsigned count = 0;
  unsigned lane = 0; ///< bytes
  bool isReal = false;
  bool isMask = false;

  unsigned bytes() const { return count * lane; }
  bool isDouble() const { return isReal && lane == 8; }
};
VectorForm formOf(const llvm::Type* type);

/// Where bytes come from: 0 to 15 of the left operand, 16 to 31 of the right one, or anywhere.
using ByteShuffle = std::array<std::int8_t, 16>;
inline constexpr std::int8_t kAnyByte = -1;

/// An instruction in its form with two operands and in the one with three.
struct Sse {
  asmjit::InstId plain, avx;
};

namespace sse {

namespace Inst = asmjit::x86::Inst;

#define KILN_SSE(name, upper) inline constexpr Sse k##name{Inst::kId##name, Inst::kIdV##upper};
KILN_SSE(Pxor, pxor)
KILN_SSE(Por, por)
KILN_SSE(Pand, pand)
KILN_SSE(Pandn, pandn)
KILN_SSE(Paddb, paddb)
KILN_SSE(Paddw, paddw)
KILN_SSE(Paddd, paddd)
KILN_SSE(Paddq, paddq)
KILN_SSE(Psubb, psubb)
KILN_SSE(Psubw, psubw)
KILN_SSE(Psubd, psubd)
KILN_SSE(Psubq, psubq)
KILN_SSE(Pmullw, pmullw)
KILN_SSE(Pmulld, pmulld)
KILN_SSE(Pmuludq, pmuludq)
KILN_SSE(Pcmpeqb, pcmpeqb)
KILN_SSE(Pcmpeqw, pcmpeqw)
KILN_SSE(Pcmpeqd, pcmpeqd)
KILN_SSE(Pcmpeqq, pcmpeqq)
KILN_SSE(Pcmpgtb, pcmpgtb)
KILN_SSE(Pcmpgtw, pcmpgtw)
KILN_SSE(Pcmpgtd, pcmpgtd)
KILN_SSE(Pcmpgtq, pcmpgtq)
KILN_SSE(Pminsb, pminsb)
KILN_SSE(Pminsw, pminsw)
KILN_SSE(Pminsd, pminsd)
KILN_SSE(Pmaxsb, pmaxsb)
KILN_SSE(Pmaxsw, pmaxsw)
KILN_SSE(Pmaxsd, pmaxsd)
KILN_SSE(Pminub, pminub)
KILN_SSE(Pminuw, pminuw)
KILN_SSE(Pminud, pminud)
KILN_SSE(Pmaxub, pmaxub)
KILN_SSE(Pmaxuw, pmaxuw)
KILN_SSE(Pmaxud, pmaxud)
KILN_SSE(Paddsb, paddsb)
KILN_SSE(Paddsw, paddsw)
KILN_SSE(Paddusb, paddusb)
KILN_SSE(Paddusw, paddusw)
KILN_SSE(Psubsb, psubsb)
KILN_SSE(Psubsw, psubsw)
KILN_SSE(Psubusb, psubusb)
KILN_SSE(Psubusw, psubusw)
KILN_SSE(Pabsb, pabsb)
KILN_SSE(Pabsw, pabsw)
KILN_SSE(Pabsd, pabsd)
KILN_SSE(Psllw, psllw)
KILN_SSE(Pslld, pslld)
KILN_SSE(Psllq, psllq)
KILN_SSE(Psrlw, psrlw)
KILN_SSE(Psrld, psrld)
KILN_SSE(Psrlq, psrlq)
KILN_SSE(Psraw, psraw)
KILN_SSE(Psrad, psrad)
KILN_SSE(Psrldq, psrldq)
KILN_SSE(Pslldq, pslldq)
KILN_SSE(Pshufb, pshufb)
KILN_SSE(Pshufd, pshufd)
KILN_SSE(Pshuflw, pshuflw)
KILN_SSE(Pshufhw, pshufhw)
KILN_SSE(Shufps, shufps)
KILN_SSE(Punpcklbw, punpcklbw)
KILN_SSE(Punpcklwd, punpcklwd)
KILN_SSE(Punpckldq, punpckldq)
KILN_SSE(Punpcklqdq, punpcklqdq)
KILN_SSE(Punpckhbw, punpckhbw)
KILN_SSE(Punpckhwd, punpckhwd)
KILN_SSE(Punpckhdq, punpckhdq)
KILN_SSE(Punpckhqdq, punpckhqdq)
KILN_SSE(Packsswb, packsswb)
KILN_SSE(Packssdw, packssdw)
KILN_SSE(Packuswb, packuswb)
KILN_SSE(Palignr, palignr)
KILN_SSE(Pmovsxbw, pmovsxbw)
KILN_SSE(Pmovsxbd, pmovsxbd)
KILN_SSE(Pmovsxbq, pmovsxbq)
KILN_SSE(Pmovsxwd, pmovsxwd)
KILN_SSE(Pmovsxwq, pmovsxwq)
KILN_SSE(Pmovsxdq, pmovsxdq)
KILN_SSE(Pmovzxbw, pmovzxbw)
KILN_SSE(Pmovzxbd, pmovzxbd)
KILN_SSE(Pmovzxbq, pmovzxbq)
KILN_SSE(Pmovzxwd, pmovzxwd)
KILN_SSE(Pmovzxwq, pmovzxwq)
KILN_SSE(Pmovzxdq, pmovzxdq)
KILN_SSE(Addps, addps)
KILN_SSE(Addpd, addpd)
KILN_SSE(Subps, subps)
KILN_SSE(Subpd, subpd)
KILN_SSE(Mulps, mulps)
KILN_SSE(Mulpd, mulpd)
KILN_SSE(Divps, divps)
KILN_SSE(Divpd, divpd)
KILN_SSE(Addss, addss)
KILN_SSE(Addsd, addsd)
KILN_SSE(Mulss, mulss)
KILN_SSE(Mulsd, mulsd)
KILN_SSE(Sqrtps, sqrtps)
KILN_SSE(Sqrtpd, sqrtpd)
KILN_SSE(Roundps, roundps)
KILN_SSE(Roundpd, roundpd)
KILN_SSE(Cmpps, cmpps)
KILN_SSE(Cmppd, cmppd)
KILN_SSE(Insertps, insertps)
KILN_SSE(Movss, movss)
KILN_SSE(Movsd, movsd)
KILN_SSE(Pinsrb, pinsrb)
KILN_SSE(Pinsrw, pinsrw)
KILN_SSE(Pinsrd, pinsrd)
KILN_SSE(Pinsrq, pinsrq)
KILN_SSE(Cvtps2pd, cvtps2pd)
KILN_SSE(Cvtpd2ps, cvtpd2ps)
KILN_SSE(Cvtdq2ps, cvtdq2ps)
KILN_SSE(Cvtdq2pd, cvtdq2pd)
KILN_SSE(Cvttps2dq, cvttps2dq)
KILN_SSE(Cvttpd2dq, cvttpd2dq)
#undef KILN_SSE

} // namespace sse

} // namespace kiln::baseline
