#include "common/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

#include "common/file.h"
#include "common/staging_directory.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// Raising the signal is for good, so each test runs in a process of its own.
void InterruptedWriter(const fs::path& directory) {
  Result<StagingDirectory> staging =
      StagingDirectory::Create(directory / "out");
  if (!staging) std::_Exit(9);
  int status = 8;
  {
    const StagingDirectory owned = std::move(staging).value();
    FileSink sink = FileSink::Create(owned.path() / "file").value();
    CatchInterrupts();
    if (!CheckInterrupted()) std::_Exit(7);
    std::raise(SIGINT);
    const Status written = sink.Append(AsBytes("x"));
    if (!written && written.error().ToString() == "interrupted") {
      status = ExitStatus(written.error().code());
    }
  }
  std::_Exit(status);
}

TEST(Interrupt, EndsAWriterAndItsStagingDirectory) {
  const test::Scratch scratch;
  EXPECT_EXIT(InterruptedWriter(scratch.path()), testing::ExitedWithCode(4),
              "");
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

}  // namespace
}  // namespace tally
