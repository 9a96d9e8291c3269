/* The other file of linkage.c. */
int common_number;
int common_array[100];
extern int hidden_datum __attribute__((visibility("hidden")));

int strong_wins(void) {
  return 20;
}
__attribute__((weak)) int weak_default(void) {
  return 30;
}
int weak_number = 6;

int set_common(int v) {
  common_number += v;
  common_array[99] ^= v;
  return common_number & 7;
}
int hidden_through(int v) {
  return hidden_datum + v;
}
