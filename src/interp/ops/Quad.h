// The C library's mathematics in quadruple precision, which its headers declare for other compilers only.
#pragma once

extern "C" {
__float128 acosf128(__float128) noexcept;
__float128 asinf128(__float128) noexcept;
__float128 atanf128(__float128) noexcept;
__float128 atan2f128(__float128, __float128) noexcept;
__float128 ceilf128(__float128) noexcept;
__float128 cosf128(__float128) noexcept;
__float128 coshf128(__float128) noexcept;
__float128 expf128(__float128) noexcept;
__float128 exp2f128(__float128) noexcept;
__float128 exp10f128(__float128) noexcept;
__float128 floorf128(__float128) noexcept;
__float128 fmaf128(__float128, __float128, __float128) noexcept;
__float128 fmodf128(__float128, __float128) noexcept;
__float128 frexpf128(__float128, int*) noexcept;
__float128 ldexpf128(__float128, int) noexcept;
__float128 logf128(__float128) noexcept;
__float128 log2f128(__float128) noexcept;
__float128 log10f128(__float128) noexcept;
long lrintf128(__float128) noexcept;
long lroundf128(__float128) noexcept;
__float128 modff128(__float128, __float128*) noexcept;
__float128 nearbyintf128(__float128) noexcept;
__float128 powf128(__float128, __float128) noexcept;
__float128 rintf128(__float128) noexcept;
__float128 roundf128(__float128) noexcept;
__float128 roundevenf128(__float128) noexcept;
__float128 sinf128(__float128) noexcept;
__float128 sinhf128(__float128) noexcept;
__float128 sqrtf128(__float128) noexcept;
__float128 tanf128(__float128) noexcept;
__float128 tanhf128(__float128) noexcept;
__float128 truncf128(__float128) noexcept;
}
