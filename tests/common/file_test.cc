#include "common/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "common/hash.h"
#include "common/staging_directory.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;

// Names returns what is in a directory, hidden files too, sorted.
std::vector<std::string> Names(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

unsigned ModeOf(const fs::path& path) {
  struct stat info = {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

std::string ReadBack(const fs::path& path) {
  return ReadTextFile(path, 1 << 20).value();
}

// InChild runs `body` in a process of its own and returns its wait status.
int InChild(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

// BecomeOrdinaryUser makes permissions count, where the tests run as root.
bool BecomeOrdinaryUser() {
  constexpr uid_t kNobody = 65534;
  return geteuid() != 0 || setuid(kNobody) == 0;
}

class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

TEST(ReadFile, ReadsUpToItsLimit) {
  const Scratch scratch;
  const fs::path path = scratch.Write("a", "12345");
  EXPECT_EQ(AsText(*ReadFile(path, 5)), "12345");
  EXPECT_EQ(ReadFile(path, 4).error().message(),
            "'" + path.string() + "' has 5 bytes, expected at most 4");
  EXPECT_EQ(ReadBack(scratch.Write("empty", "")), "");
}

TEST(ReadFile, RejectsWhatIsNotARegularFile) {
  const Scratch scratch;
  const fs::path absent = scratch.path() / "absent";
  EXPECT_EQ(ReadFile(absent, 1).error().message(),
            "cannot open '" + absent.string() + "': No such file or directory");
  EXPECT_EQ(ReadFile(scratch.path(), 1).error().message(),
            "'" + scratch.path().string() + "' is not a regular file");
  const fs::path fifo = scratch.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(fifo, 1).error().message(),
            "'" + fifo.string() + "' is not a regular file");
  EXPECT_FALSE(ReadFile("/dev/zero", 1));
}

TEST(WriteFileAtomic, ReplacesAndLeavesNothingElse) {
  const Scratch scratch;
  const fs::path path = scratch.path() / "a";
  ASSERT_TRUE(WriteFileAtomic(path, AsBytes("one")));
  ASSERT_TRUE(WriteFileAtomic(path, AsBytes("two")));
  EXPECT_EQ(ReadBack(path), "two");
  EXPECT_EQ(Names(scratch.path()), std::vector<std::string>{"a"});
}

TEST(WriteFileAtomic, IgnoresTheUmask) {
  const Scratch scratch;
  const Umask umask(077);
  const fs::path path = scratch.path() / "a";
  ASSERT_TRUE(WriteFileAtomic(path, AsBytes("x")));
  EXPECT_EQ(ModeOf(path), 0644u);
  ASSERT_TRUE(WriteFileAtomic(path, AsBytes("x"), 0755));
  EXPECT_EQ(ModeOf(path), 0755u);
}

TEST(WriteFileAtomic, ReplacesALinkAndNotItsTarget) {
  const Scratch scratch;
  const fs::path target = scratch.Write("target", "kept");
  const fs::path link = scratch.path() / "link";
  fs::create_symlink(target, link);
  ASSERT_TRUE(WriteFileAtomic(link, AsBytes("new")));
  EXPECT_EQ(ReadBack(target), "kept");
  EXPECT_FALSE(fs::is_symlink(link));
}

TEST(WriteFileAtomic, ADirectoryInTheWayStaysAndNothingIsLeft) {
  const Scratch scratch;
  const fs::path path = scratch.path() / "a";
  scratch.Write("a/inside", "kept");
  EXPECT_EQ(WriteFileAtomic(path, AsBytes("x")).error().message(),
            "cannot rename to '" + path.string() + "': Is a directory");
  EXPECT_EQ(Names(scratch.path()), std::vector<std::string>{"a"});
  EXPECT_EQ(ReadBack(path / "inside"), "kept");
}

TEST(WriteFileAtomic, AFullDiskLeavesTheOldFile) {
  const Scratch scratch;
  const fs::path path = scratch.Write("a", "old");
  // A limit on the file size fails write() just as a full disk does.
  const int status = InChild([&] {
    const rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    std::signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           !WriteFileAtomic(path, Bytes(2000));
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadBack(path), "old");
  EXPECT_EQ(Names(scratch.path()), std::vector<std::string>{"a"});
}

TEST(WriteFileAtomic, AnUnwritableDirectoryIsAnError) {
  const Scratch scratch;
  const fs::path directory = scratch.path() / "locked";
  scratch.Write("locked/a", "old");
  fs::permissions(scratch.path(), fs::perms(0755));
  fs::permissions(directory, fs::perms(0555));
  const int status = InChild([&] {
    return BecomeOrdinaryUser() &&
           !WriteFileAtomic(directory / "a", AsBytes("new")) &&
           !StagingDirectory::Create(directory / "out") &&
           !CreateDirectories(directory / "b/c");
  });
  fs::permissions(directory, fs::perms(0755));
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Names(directory), std::vector<std::string>{"a"});
  EXPECT_EQ(ReadBack(directory / "a"), "old");
}

TEST(DigestFile, DigestsInPieces) {
  const Scratch scratch;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1} << 20,
                            (size_t{1} << 20) + 1, size_t{3} << 20}) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7);
    const Result<FileDigest> digest =
        DigestFile(scratch.Write("a", ByteSpan(bytes)));
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->size_bytes, size);
    EXPECT_EQ(digest->sha256, Sha256(bytes));
  }
}

TEST(DigestStream, DigestsWhatAPipeGives) {
  const Scratch scratch;
  const fs::path pipe = scratch.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const Bytes bytes((size_t{1} << 20) + 3, 7);
  std::jthread writer([&] {
    std::ofstream(pipe, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  });
  const Result<FileDigest> digest = DigestStream(pipe);
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->size_bytes, bytes.size());
  EXPECT_EQ(digest->sha256, Sha256(bytes));
  EXPECT_EQ(DigestStream("/dev/null")->size_bytes, 0u);
  EXPECT_FALSE(DigestStream(scratch.path()));
  EXPECT_FALSE(DigestFile(pipe));
}

// Files of the kernel say that their size is zero.
TEST(ReadFile, ReadsFilesOfTheKernel) {
  const Result<Bytes> read = ReadFile("/proc/version", 1 << 20);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_TRUE(AsText(*read).starts_with("Linux version "));
  EXPECT_FALSE(ReadFile("/proc/version", 5));
  const Result<MappedFile> mapped = MappedFile::Open("/proc/version");
  ASSERT_TRUE(mapped) << mapped.error().ToString();
  EXPECT_EQ(ToBytes(mapped->bytes()), *read);
}

TEST(MappedFile, MapsAndMoves) {
  const Scratch scratch;
  Result<MappedFile> mapped = MappedFile::Open(scratch.Write("a", "content"));
  ASSERT_TRUE(mapped);
  MappedFile moved = std::move(*mapped);
  EXPECT_EQ(AsText(moved.bytes()), "content");
  Result<MappedFile> other = MappedFile::Open(scratch.Write("b", "other"));
  moved = std::move(*other);
  EXPECT_EQ(AsText(moved.bytes()), "other");
}

TEST(MappedFile, AnEmptyFileIsEmpty) {
  const Scratch scratch;
  const Result<MappedFile> mapped = MappedFile::Open(scratch.Write("a", ""));
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->bytes().empty());
  EXPECT_FALSE(MappedFile::Open(scratch.path()));
  EXPECT_FALSE(MappedFile::Open(scratch.path() / "absent"));
}

TEST(FileSink, WritesANewFileUnderAnyUmask) {
  const Scratch scratch;
  const Umask umask(077);
  const fs::path path = scratch.path() / "a";
  Result<FileSink> sink = FileSink::Create(path, 0751);
  ASSERT_TRUE(sink);
  ASSERT_TRUE(sink->Append(AsBytes("ab")));
  ASSERT_TRUE(sink->Append(AsBytes("c")));
  const Result<FileDigest> digest = sink->Close();
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->size_bytes, 3u);
  EXPECT_EQ(digest->sha256, Sha256(AsBytes("abc")));
  EXPECT_EQ(ReadBack(path), "abc");
  EXPECT_EQ(ModeOf(path), 0751u);
}

TEST(FileSink, RefusesAFileThatExists) {
  const Scratch scratch;
  const fs::path path = scratch.Write("a", "old");
  EXPECT_EQ(FileSink::Create(path).error().message(),
            "cannot create '" + path.string() + "': File exists");
  EXPECT_EQ(ReadBack(path), "old");
  const fs::path link = scratch.path() / "link";
  fs::create_symlink(scratch.path() / "elsewhere", link);
  EXPECT_FALSE(FileSink::Create(link));
  EXPECT_FALSE(fs::exists(scratch.path() / "elsewhere"));
}

TEST(StagingDirectory, BecomesItsDestination) {
  const Scratch scratch;
  const Umask umask(077);
  const fs::path destination = scratch.path() / "x/out";
  Result<StagingDirectory> staging = StagingDirectory::Create(destination);
  ASSERT_TRUE(staging) << staging.error().ToString();
  EXPECT_FALSE(fs::exists(destination));
  ASSERT_TRUE(WriteFileAtomic(staging->path() / "a", AsBytes("1")));
  ASSERT_TRUE(CreateDirectories(staging->path() / "b/c"));
  ASSERT_TRUE(staging->Publish(Existing::kReplace));
  EXPECT_EQ(ReadBack(destination / "a"), "1");
  EXPECT_EQ(ModeOf(destination), 0755u);
  EXPECT_EQ(ModeOf(destination / "b/c"), 0755u);
  EXPECT_EQ(ModeOf(scratch.path() / "x"), 0755u);
  staging = IoError("drop it");
  EXPECT_EQ(Names(scratch.path() / "x"), std::vector<std::string>{"out"});
}

TEST(StagingDirectory, IsRemovedUnlessPublished) {
  const Scratch scratch;
  {
    const auto staging = StagingDirectory::Create(scratch.path() / "out/");
    ASSERT_TRUE(staging);
    ASSERT_TRUE(WriteFileAtomic(staging->path() / "a", AsBytes("1")));
    EXPECT_EQ(Names(scratch.path()).size(), 1u);
  }
  EXPECT_TRUE(Names(scratch.path()).empty());
}

TEST(StagingDirectory, AssignmentRemovesTheOneBefore) {
  const Scratch scratch;
  {
    Result<StagingDirectory> a = StagingDirectory::Create(scratch.path() / "a");
    Result<StagingDirectory> b = StagingDirectory::Create(scratch.path() / "b");
    ASSERT_TRUE(a && b);
    *a = std::move(*b);
  }
  EXPECT_TRUE(Names(scratch.path()).empty());
}

TEST(StagingDirectory, ReplacesAnExistingDestinationWhole) {
  const Scratch scratch;
  const fs::path destination = scratch.path() / "out";
  scratch.Write("out/old", "1");
  {
    auto staging = StagingDirectory::Create(destination);
    ASSERT_TRUE(staging);
    ASSERT_TRUE(WriteFileAtomic(staging->path() / "new", AsBytes("2")));
    EXPECT_EQ(ReadBack(destination / "old"), "1");
    ASSERT_TRUE(staging->Publish(Existing::kReplace));
  }
  EXPECT_EQ(Names(destination), std::vector<std::string>{"new"});
  EXPECT_EQ(Names(scratch.path()), std::vector<std::string>{"out"});
}

TEST(StagingDirectory, CleansUpAfterAKilledOwner) {
  const Scratch scratch;
  const fs::path destination = scratch.path() / "out";
  const int status = InChild([&] {
    auto staging = StagingDirectory::Create(destination);
    if (!staging) return false;
    if (!WriteFileAtomic(staging->path() / "a", AsBytes("1"))) return false;
    std::raise(SIGKILL);
    return false;
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  const std::vector<std::string> left = Names(scratch.path());
  ASSERT_EQ(left.size(), 1u);
  EXPECT_TRUE(left[0].starts_with(".out.staging-"));
  const auto staging = StagingDirectory::Create(destination);
  ASSERT_TRUE(staging);
  EXPECT_EQ(Names(scratch.path()),
            std::vector<std::string>{staging->path().filename().string()});
}

TEST(StagingDirectory, LeavesALiveOwnerAndOtherDestinationsAlone) {
  const Scratch scratch;
  scratch.Write(".out.staging-file", "not a directory");
  scratch.Write(".other.staging-0123456789abcdef/a", "another destination");
  const auto first = StagingDirectory::Create(scratch.path() / "out");
  const auto second = StagingDirectory::Create(scratch.path() / "out");
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->path(), second->path());
  EXPECT_TRUE(fs::exists(first->path()));
  EXPECT_TRUE(fs::exists(scratch.path() / ".out.staging-file"));
  EXPECT_TRUE(fs::exists(scratch.path() / ".other.staging-0123456789abcdef/a"));
}

TEST(StagingDirectory, RejectsAParentThatIsAFile) {
  const Scratch scratch;
  const fs::path file = scratch.Write("file", "x");
  EXPECT_EQ(StagingDirectory::Create(file / "out").error().message(),
            "cannot create directory '" + file.string() + "': File exists");
  EXPECT_EQ(StagingDirectory::Create("").error().message(),
            "cannot find directory '': Invalid argument");
}

TEST(TemporaryDirectory, IsRemovedAtTheEnd) {
  fs::path path;
  {
    Result<TemporaryDirectory> directory = TemporaryDirectory::Create();
    ASSERT_TRUE(directory);
    const TemporaryDirectory moved = std::move(*directory);
    path = moved.path();
    ASSERT_TRUE(WriteFileAtomic(path / "a", AsBytes("1")));
    EXPECT_EQ(ModeOf(path), 0700u);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(CreateDirectories, MakesParentsUnderAnyUmask) {
  const Scratch scratch;
  const Umask umask(077);
  ASSERT_TRUE(CreateDirectories(scratch.path() / "a/b/c/"));
  EXPECT_EQ(ModeOf(scratch.path() / "a"), 0755u);
  EXPECT_EQ(ModeOf(scratch.path() / "a/b/c"), 0755u);
  EXPECT_TRUE(CreateDirectories(scratch.path() / "a/b"));
  EXPECT_TRUE(CreateDirectories(""));
  EXPECT_TRUE(CreateDirectories("/"));
}

TEST(CreateDirectories, ReportsWhatTheSystemSays) {
  const Scratch scratch;
  const std::string long_name(300, 'x');
  const fs::path path = scratch.path() / long_name;
  EXPECT_EQ(
      CreateDirectories(path).error().message(),
      "cannot create directory '" + path.string() + "': File name too long");
  fs::create_symlink("loop", scratch.path() / "loop");
  EXPECT_FALSE(CreateDirectories(scratch.path() / "loop"));
}

TEST(ListFiles, ListsRegularFilesSortedByBytes) {
  const Scratch scratch;
  for (const char* name : {"b", "a/z", "a-b", "a/c/d", ".hidden", "\xc3\xa9"}) {
    scratch.Write(name, "x");
  }
  ASSERT_TRUE(CreateDirectories(scratch.path() / "empty"));
  const std::vector<std::string> expected = {".hidden", "a-b", "a/c/d",
                                             "a/z",     "b",   "\xc3\xa9"};
  EXPECT_EQ(*ListFiles(scratch.path()), expected);
  EXPECT_EQ(*ListFiles(scratch.path().string() + "/"), expected);
  EXPECT_EQ(*ListFiles(scratch.path() / "a/.."), expected);
}

TEST(ListFiles, RejectsLinksAndSpecialFiles) {
  const Scratch scratch;
  scratch.Write("a/file", "x");
  const fs::path link = scratch.path() / "a/link";
  fs::create_symlink("file", link);
  EXPECT_EQ(ListFiles(scratch.path()).error().message(),
            "'a/link' is neither a file nor a directory");
  // A link to a directory is not followed.
  fs::remove(link);
  fs::create_directory_symlink("/", link);
  EXPECT_EQ(ListFiles(scratch.path()).error().message(),
            "'a/link' is neither a file nor a directory");
  fs::remove(link);
  ASSERT_EQ(mkfifo(link.c_str(), 0600), 0);
  EXPECT_FALSE(ListFiles(scratch.path()));
}

TEST(ListFiles, ReportsADirectoryThatIsNotThere) {
  const Scratch scratch;
  const fs::path absent = scratch.path() / "absent";
  EXPECT_EQ(ListFiles(absent).error().message(),
            "cannot list '" + absent.string() + "': No such file or directory");
}

}  // namespace
}  // namespace tally
