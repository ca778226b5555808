// A library for LD_PRELOAD that lets one system call of a process go wrong, the
// n-th of those that change a file system, whatever thread makes it:
//
//   FAULT_AT=N       the first call that goes wrong, from 1; 0: none
//   FAULT_KIND       full: this and all later ones fail with ENOSPC
//                    once: this one fails with ENOSPC
//                    kill: the process is killed before this one
//   FAULT_BELOW=DIR  only calls for files below this absolute path count
//   FAULT_COUNT=F    at the end, how many calls there were is written to F
//
// Removing files works on a full disk, so that these calls only count for kill.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long fault_at;
static char kind = 'n';
static const char* below = "/";
static size_t below_size = 1;
static const char* count_file;

__attribute__((constructor)) static void ReadEnvironment(void) {
  const char* at = getenv("FAULT_AT");
  const char* wanted = getenv("FAULT_KIND");
  const char* directory = getenv("FAULT_BELOW");
  if (at) fault_at = atol(at);
  if (wanted) kind = wanted[0];
  if (directory) {
    below = directory;
    below_size = strlen(directory);
  }
  count_file = getenv("FAULT_COUNT");
}

__attribute__((destructor)) static void WriteCount(void) {
  if (!count_file) return;
  FILE* file = fopen(count_file, "w");
  if (!file) return;
  fprintf(file, "%ld\n", atomic_load(&calls));
  fclose(file);
}

static int Counts(const char* path) {
  return strncmp(path, below, below_size) == 0;
}

// GoesWrong counts a call and says whether it is to fail.
static int GoesWrong(const char* path, int only_kill) {
  if (!Counts(path) || (only_kill && kind != 'k')) return 0;
  const long number = atomic_fetch_add(&calls, 1) + 1;
  if (fault_at == 0 || number < fault_at) return 0;
  if (kind == 'k' && number == fault_at) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  if (kind == 'k' || (kind == 'o' && number != fault_at)) return 0;
  errno = ENOSPC;
  return 1;
}

static int DescriptorGoesWrong(int descriptor) {
  char link[64];
  char path[4096];
  if (descriptor <= STDERR_FILENO) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return GoesWrong(path, 0);
}

// NEXT declares `next`, the real function of this name.
#define NEXT(name) \
  __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int descriptor, const void* bytes, size_t size) {
  NEXT(write);
  return DescriptorGoesWrong(descriptor) ? -1 : next(descriptor, bytes, size);
}

ssize_t writev(int descriptor, const struct iovec* pieces, int count) {
  NEXT(writev);
  return DescriptorGoesWrong(descriptor) ? -1 : next(descriptor, pieces, count);
}

int fsync(int descriptor) {
  NEXT(fsync);
  return DescriptorGoesWrong(descriptor) ? -1 : next(descriptor);
}

int ftruncate(int descriptor, off_t size) {
  NEXT(ftruncate);
  return DescriptorGoesWrong(descriptor) ? -1 : next(descriptor, size);
}

int fchmod(int descriptor, mode_t mode) {
  NEXT(fchmod);
  return DescriptorGoesWrong(descriptor) ? -1 : next(descriptor, mode);
}

int open(const char* path, int flags, ...) {
  NEXT(open);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if ((flags & O_CREAT) && GoesWrong(path, 0)) return -1;
  return next(path, flags, mode);
}

int mkostemp(char* pattern, int flags) {
  NEXT(mkostemp);
  return GoesWrong(pattern, 0) ? -1 : next(pattern, flags);
}

char* mkdtemp(char* pattern) {
  NEXT(mkdtemp);
  return GoesWrong(pattern, 0) ? NULL : next(pattern);
}

int mkdir(const char* path, mode_t mode) {
  NEXT(mkdir);
  return GoesWrong(path, 0) ? -1 : next(path, mode);
}

int chmod(const char* path, mode_t mode) {
  NEXT(chmod);
  return GoesWrong(path, 0) ? -1 : next(path, mode);
}

int rename(const char* from, const char* to) {
  NEXT(rename);
  return GoesWrong(to, 0) ? -1 : next(from, to);
}

int renameat2(int from_directory, const char* from, int to_directory,
              const char* to, unsigned flags) {
  NEXT(renameat2);
  if (GoesWrong(to, 0)) return -1;
  return next(from_directory, from, to_directory, to, flags);
}

int unlink(const char* path) {
  NEXT(unlink);
  return GoesWrong(path, 1) ? -1 : next(path);
}

int unlinkat(int directory, const char* path, int flags) {
  NEXT(unlinkat);
  // Below a staging directory names are relative: they count if "/" does.
  const char* counted = path[0] == '/' ? path : below;
  return GoesWrong(counted, 1) ? -1 : next(directory, path, flags);
}
