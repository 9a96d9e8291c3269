/* The other file of tls.c. */
_Thread_local int other_file = 1000;
_Thread_local const char* other_text = "elsewhere";
extern _Thread_local int counter;

int bump_other(int by) {
  other_file += by;
  return other_file + (counter & 1);
}
int* other_address(void) {
  return &other_file;
}
