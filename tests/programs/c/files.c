// Files: streams and descriptors, seeking, a temporary directory, stat, directories, mmap of a
// file, errors.
// CFLAGS: -Wno-unused-result
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((noinline)) static void write_lines(FILE* f, int n) {
  for (int i = 0; i < n; i++)
    fprintf(f, "line %d of %d: %s\n", i, n, i % 2 ? "odd" : "even");
}

int main(void) {
  char folder[300], path[400], line[200];
  snprintf(folder, sizeof folder, "%s/kiln-files-XXXXXX",
           getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  if (!mkdtemp(folder))
    return 1;
  snprintf(path, sizeof path, "%s/file", folder);
  FILE* f = fopen(path, "w+");
  write_lines(f, 1000);
  rewind(f);
  unsigned h = 0, lines = 0;
  while (fgets(line, sizeof line, f)) {
    lines++;
    for (char* p = line; *p; p++)
      h = h * 31 + (unsigned char)*p;
  }
  fseek(f, -20, SEEK_END);
  fread(line, 1, 20, f);
  printf("%u %u %ld %.19s\n", lines, h, ftell(f), line);
  fclose(f);

  struct stat info;
  stat(path, &info);
  int fd = open(path, O_RDWR);
  char* map = mmap(0, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  for (long i = 0; i < info.st_size; i++)
    if (map[i] == 'o')
      map[i] = '0';
  munmap(map, (size_t)info.st_size);
  pread(fd, line, 30, 0);
  printf("%ld %d %.12s\n", (long)info.st_size, S_ISREG(info.st_mode) != 0, line);
  ftruncate(fd, 10);
  lseek(fd, 0, SEEK_END);
  write(fd, "appended", 8);
  fstat(fd, &info);
  printf("%ld\n", (long)info.st_size);
  close(fd);

  for (int i = 0; i < 5; i++) {
    snprintf(line, sizeof line, "%s/extra%d", folder, i);
    close(open(line, O_CREAT | O_WRONLY, 0644));
  }
  DIR* d = opendir(folder);
  int entries = 0;
  for (struct dirent* e; (e = readdir(d));)
    entries += e->d_name[0] != '.';
  closedir(d);
  printf("%d entries\n", entries);
  for (int i = 0; i < 5; i++) {
    snprintf(line, sizeof line, "%s/extra%d", folder, i);
    unlink(line);
  }
  unlink(path);
  printf("%d ", rmdir(folder));
  printf("%d %d\n", open(path, O_RDONLY), errno == ENOENT);
  char* buffer;
  size_t size;
  FILE* memory = open_memstream(&buffer, &size);
  write_lines(memory, 3);
  fclose(memory);
  printf("%zu %.9s\n", size, buffer);
  free(buffer);
  return 0;
}
