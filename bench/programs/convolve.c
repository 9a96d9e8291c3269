/* An image filter whose kernel is given at run time: its size, its weights,
 * the number of colour channels.
 * Arguments: SIZE (odd) CHANNELS WIDTH HEIGHT REPS. */
#include "rep.h"

static void convolve(const uint8_t *restrict from, uint8_t *restrict to, long width, long height, long channels,
                     const int16_t *restrict kernel, long size, int shift) {
  const long half = size / 2;
  for (long y = half; y < height - half; y++)
    for (long x = half; x < width - half; x++)
      for (long c = 0; c < channels; c++) {
        int sum = 0;
        for (long ky = 0; ky < size; ky++)
          for (long kx = 0; kx < size; kx++)
            sum += kernel[ky * size + kx] * from[((y + ky - half) * width + x + kx - half) * channels + c];
        sum >>= shift;
        to[(y * width + x) * channels + c] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
      }
}

int main(int argc, char **argv) {
  const long size = rep_arg(argc, argv, 1, 3, 15) | 1, channels = rep_arg(argc, argv, 2, 3, 4);
  const long width = rep_arg(argc, argv, 3, 640, 10000), height = rep_arg(argc, argv, 4, 360, 10000);
  const long reps = rep_arg(argc, argv, 5, 60, 1000000);
  const size_t bytes = (size_t)(width * height * channels);
  uint8_t *image = rep_alloc(bytes), *other = rep_alloc(bytes);
  int16_t *kernel = rep_alloc((size_t)(size * size) * sizeof *kernel);
  uint64_t seed = 88172645463325252u, sum = 1;
  for (size_t i = 0; i < bytes; i++) image[i] = (uint8_t)rep_random(&seed);
  for (long i = 0; i < size * size; i++) kernel[i] = (int16_t)(rep_random(&seed) % 64) - 16;
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    convolve(image, other, rep_opaque(width), rep_opaque(height), rep_opaque(channels), kernel, rep_opaque(size), 6);
    rep_end(r, begin);
    for (size_t i = 0; i < bytes; i += 997) sum = rep_fold(sum, other[i]);
    image[(size_t)r % bytes] ^= 85;
  }
  printf("convolve %016llx\n", (unsigned long long)sum);
  return 0;
}
