#include "common/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "common/descriptor.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

Tool Shell(const std::string& script) {
  return {.program = "/bin/sh", .args = {"-c", script}};
}

TEST(RunTool, PassesArgumentsAsTheyAre) {
  const std::vector<std::string> args = {
      "",     " ",   "two words", "'single'",   "\"double\"", "$HOME",
      "`id`", "*",   "\\",        "line\nfeed", "-n",         "\xff\xfe",
      ";",    "a=b", "# x",       "%"};
  Tool tool = {.program = "/usr/bin/printf", .args = {"[%s]"}};
  std::string expected;
  for (const std::string& arg : args) {
    tool.args.push_back(arg);
    expected += "[" + arg + "]";
  }
  const Result<ToolOutput> output = RunTool(tool);
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_EQ(output->exit_status, 0);
  EXPECT_EQ(output->stdout_text, expected);
  EXPECT_EQ(output->stderr_text, "");
}

TEST(RunTool, RunsWithoutArguments) {
  const Result<ToolOutput> output = RunTool({.program = "/bin/true"});
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_TRUE(RequireSuccess({.program = "/bin/true"}, *output));
}

TEST(RunTool, ShellQuotedCanBePastedToAShell) {
  const Tool tool = {.program = "/usr/bin/printf",
                     .args = {"[%s]", "", "it's $HOME", "a\nb", "\\"}};
  EXPECT_EQ(ShellQuoted(tool),
            "/usr/bin/printf '[%s]' '' 'it'\\''s $HOME' 'a\nb' '\\'");
  const Result<ToolOutput> direct = RunTool(tool);
  const Result<ToolOutput> pasted = RunTool(Shell(ShellQuoted(tool)));
  ASSERT_TRUE(direct);
  ASSERT_TRUE(pasted);
  EXPECT_EQ(pasted->stdout_text, direct->stdout_text);
  EXPECT_EQ(ShellQuoted({.program = "/a b/c$"}), "'/a b/c$'");
}

TEST(RunTool, HandsOverStdin) {
  Tool tool = {.program = "/bin/cat"};
  EXPECT_EQ(RunTool(tool).value().stdout_text, "");
  tool.stdin_text = std::string(1 << 20, 'x') + std::string("\0\n", 2);
  EXPECT_EQ(RunTool(tool).value().stdout_text, tool.stdin_text);
  tool.program = "/bin/true";  // it reads nothing
  EXPECT_TRUE(RunTool(tool));
}

TEST(RunTool, KillsWhatTakesTooLong) {
  Tool tool = Shell("echo waiting >&2; exec sleep 100");
  tool.max_seconds = 1;
  EXPECT_EQ(RunTool(tool).error().ToString(),
            "'/bin/sh' was killed after 1 seconds\n"
            "  command: /bin/sh '-c' 'echo waiting >&2; exec sleep 100'\n"
            "    waiting");
}

TEST(RunTool, KillsWhatAProgramThatTakesTooLongHasStarted) {
  // The shell waits for a child of its own, which holds the pipe open.
  Tool tool = Shell("sleep 100 & echo $! >&2; wait");
  tool.max_seconds = 1;
  const std::string message = RunTool(tool).error().ToString();
  const pid_t grandchild = std::stoi(message.substr(message.rfind(' ')));
  ASSERT_GT(grandchild, 0) << message;
  // Its new parent takes a moment to bury it.
  char state = 'Z';
  for (int i = 0; i < 100; ++i) {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string pid, name;
    if (!(stat >> pid >> name >> state) || state == 'Z') return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL() << grandchild << " is in state " << state;
}

TEST(RunTool, DrainsBothPipesTogether) {
  // Each is far larger than a pipe's buffer, in either order.
  const std::string fill = "head -c 1048576 /dev/zero";
  for (const std::string& script :
       {fill + " >&2; " + fill, fill + "; " + fill + " >&2"}) {
    const Result<ToolOutput> output =
        RunTool({.program = "/bin/sh",
                 .args = {"-c", script},
                 .env = {{"PATH", "/bin:/usr/bin"}}});
    ASSERT_TRUE(output) << output.error().ToString();
    EXPECT_EQ(output->stdout_text.size(), size_t{1} << 20);
    EXPECT_EQ(output->stderr_text.size(), size_t{1} << 20);
  }
}

TEST(RunTool, EnvironmentIsExactlyWhatIsGiven) {
  ASSERT_EQ(setenv("TALLY_TEST_INHERITED", "1", 1), 0);
  const Result<ToolOutput> none = RunTool({.program = "/usr/bin/env"});
  ASSERT_TRUE(none) << none.error().ToString();
  EXPECT_EQ(none->stdout_text, "");
  const Result<ToolOutput> some =
      RunTool({.program = "/usr/bin/env",
               .env = {{"LC_ALL", "C"}, {"EMPTY", ""}, {"ODD", "a=b:c d\ne"}}});
  ASSERT_TRUE(some) << some.error().ToString();
  EXPECT_EQ(some->stdout_text, "EMPTY=\nLC_ALL=C\nODD=a=b:c d\ne\n");
  unsetenv("TALLY_TEST_INHERITED");
}

TEST(RunTool, ChildHasNoDescriptorsButTheStandardThree) {
  // Not close-on-exec: a library may open such a descriptor at any time.
  const Descriptor open_in_parent(open("/dev/null", O_RDONLY));
  ASSERT_TRUE(open_in_parent.valid());
  const Result<ToolOutput> output = RunTool(Shell(
      "for f in /proc/$$/fd/*; do [ -e \"$f\" ] && echo \"${f##*/}\"; done"));
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_EQ(output->stdout_text, "0\n1\n2\n");
}

TEST(RunTool, StdinIsEmpty) {
  const Result<ToolOutput> output = RunTool(Shell("/bin/cat; echo end"));
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_EQ(output->stdout_text, "end\n");
}

TEST(RunTool, RunsInTheGivenDirectory) {
  const test::Scratch scratch;
  Tool tool = {.program = "/bin/pwd"};
  EXPECT_EQ(RunTool(tool)->stdout_text, "/\n");
  tool.cwd = fs::canonical(scratch.path());
  EXPECT_EQ(RunTool(tool)->stdout_text, tool.cwd.string() + "\n");
}

TEST(RunTool, RefusesADirectoryThatIsNotThere) {
  const test::Scratch scratch;
  Tool tool = Shell("echo ran > " + (scratch.path() / "proof").string());
  tool.cwd = scratch.path() / "absent";
  EXPECT_EQ(RunTool(tool).error().message(),
            "cannot run '/bin/sh': no directory '" + tool.cwd.string() + "'");
  EXPECT_FALSE(fs::exists(scratch.path() / "proof"));
}

TEST(RunTool, RefusesAProgramThatCannotBeStarted) {
  const test::Scratch scratch;
  const Error absent = RunTool({.program = "/no/such/program"}).error();
  EXPECT_EQ(absent.code(), ErrorCode::kTool);
  EXPECT_EQ(absent.message(),
            "cannot run '/no/such/program': execve failed: No such file or "
            "directory");
  const fs::path plain = scratch.Write("plain", "not executable");
  EXPECT_EQ(
      RunTool({.program = plain}).error().message(),
      "cannot run '" + plain.string() + "': execve failed: Permission denied");
}

TEST(RunTool, RefusesARelativeProgram) {
  EXPECT_EQ(RunTool({.program = "true"}).error().message(),
            "program 'true' is not an absolute path");
  EXPECT_FALSE(RunTool({.program = "./true"}));
  EXPECT_FALSE(RunTool({.program = ""}));
}

TEST(RunTool, ReportsDeathBySignal) {
  const Result<ToolOutput> output = RunTool(Shell("echo last >&2; kill -9 $$"));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code(), ErrorCode::kTool);
  EXPECT_EQ(output.error().message(),
            "'/bin/sh' was ended by signal 9\n"
            "  command: /bin/sh '-c' 'echo last >&2; kill -9 $$'\n"
            "    last");
}

TEST(RunTool, RefusesMoreOutputThanAllowed) {
  Tool tool = {.program = "/usr/bin/printf",
               .args = {"0123456789abcdef"},
               .max_output_bytes = 16};
  EXPECT_EQ(RunTool(tool)->stdout_text, "0123456789abcdef");
  tool.max_output_bytes = 15;
  EXPECT_EQ(RunTool(tool).error().message(),
            "'/usr/bin/printf' printed more than 15 B\n"
            "  command: /usr/bin/printf '0123456789abcdef'");
}

TEST(RequireSuccess, ShowsStatusCommandAndTheEndOfStderr) {
  const Tool tool = Shell("seq 12 >&2; exit 7");
  const Result<ToolOutput> output = RunTool(tool);
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_EQ(output->exit_status, 7);
  const Status status = RequireSuccess(tool, *output);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kTool);
  EXPECT_EQ(status.error().message(),
            "'/bin/sh' failed with status 7\n"
            "  command: /bin/sh '-c' 'seq 12 >&2; exit 7'\n"
            "    3\n    4\n    5\n    6\n    7\n    8\n    9\n    10\n    11\n"
            "    12");
}

TEST(RequireSuccess, LetsNothingReachATerminal) {
  const Status status =
      RequireSuccess({.program = "/bin/x"},
                     {.exit_status = 1, .stderr_text = "\x1b[2Jgone\x07\n"});
  EXPECT_EQ(status.error().message(),
            "'/bin/x' failed with status 1\n"
            "  command: /bin/x\n"
            "    \\x1b[2Jgone\\x07");
}

TEST(FindProgram, LooksInFixedPlaces) {
  EXPECT_EQ(FindProgram("env")->string(), "/usr/bin/env");
  const Error error = FindProgram("no-such-program").error();
  EXPECT_EQ(error.message(), "program 'no-such-program' is not installed");
  EXPECT_EQ(error.hints(), std::vector<std::string>{
                               "install it: apt-get install no-such-program"});
}

}  // namespace
}  // namespace tally
