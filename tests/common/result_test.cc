#include "common/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace tally {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return InputError("found " + std::to_string(value));
  return value / 2;
}

Result<int> Quarter(int value) {
  TALLY_ASSIGN(const int half, Half(value));
  TALLY_ASSIGN(const int quarter, Half(half));
  return quarter;
}

Status RequireEven(int value) {
  TALLY_TRY(Half(value));
  return Ok();
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*Half(4), 2);
  const Result<int> failed = Half(3);
  EXPECT_FALSE(failed);
  EXPECT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message(), "found 3");
}

TEST(Result, MovesOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(TallyAssign, ReturnsTheFirstErrorToTheCaller) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message(), "found 3");
  EXPECT_EQ(Quarter(5).error().message(), "found 5");
}

TEST(TallyTry, PassesSuccessAndReturnsErrors) {
  EXPECT_TRUE(RequireEven(2));
  EXPECT_EQ(RequireEven(1).error().code(), ErrorCode::kInput);
}

TEST(Error, ShowsFramesInnermostFirstAndKeepsHintsApart) {
  const Error error = InputError("size is 5")
                          .While("reading 'OVMF.fd'")
                          .While("measuring 'snp'")
                          .Hint("give another file");
  EXPECT_EQ(error.ToString(),
            "size is 5\n  while reading 'OVMF.fd'\n  while measuring 'snp'");
  EXPECT_EQ(error.hints(), std::vector<std::string>{"give another file"});
}

TEST(Error, CodeDecidesTheExitStatus) {
  EXPECT_EQ(ExitStatus(MismatchError("").code()), 1);
  EXPECT_EQ(ExitStatus(UsageError("").code()), 2);
  EXPECT_EQ(ExitStatus(InputError("").code()), 3);
  EXPECT_EQ(ExitStatus(IoError("").code()), 4);
  EXPECT_EQ(ExitStatus(ToolError("").code()), 4);
}

TEST(ErrnoError, EndsInTheTextOfTheErrorNumber) {
  const Error error = ErrnoError("cannot open 'x'", ENOENT);
  EXPECT_EQ(error.message(), "cannot open 'x': No such file or directory");
  EXPECT_EQ(error.code(), ErrorCode::kIo);
}

TEST(DigestMismatch, AlignsExpectedAndGot) {
  const Error error = DigestMismatch("'a' differs", "00", "11");
  EXPECT_EQ(error.message(), "'a' differs\n  expected 00\n       got 11");
  EXPECT_EQ(error.code(), ErrorCode::kMismatch);
}

}  // namespace
}  // namespace tally
