#include "common/process.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>

#include "common/interrupt.h"
#include "common/text.h"

namespace tally {
namespace {

namespace bp = boost::process;

// ChildSetup runs in the child, between fork and exec.
class ChildSetup : public bp::extend::handler {
 public:
  explicit ChildSetup(const Tool& tool) : tool_(tool) {}

  template <typename Executor>
  void on_exec_setup(Executor& executor) const {
    // Not bp::start_dir: it ignores a chdir() that fails, and the program would
    // run in our own working directory.
    if (chdir(tool_.cwd.c_str()) != 0) {
      executor.set_error(bp::detail::get_last_error(), "chdir failed");
      _exit(EXIT_FAILURE);
    }
    // Nobody waits for it once we are killed.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    // Whoever is killed takes along what it has started.
    if (tool_.max_seconds != 0) setpgid(0, 0);
    // Boost's pipes are not close-on-exec. A program that runs at the same time
    // would hold them open, and their readers would wait for it.
    close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  }

 private:
  const Tool& tool_;
};

// Drain reads a pipe to its end, keeping at most `max_bytes`.
class Drain {
 public:
  Drain(boost::asio::io_context& context, uint64_t max_bytes)
      : pipe_(context), max_bytes_(max_bytes) {}

  bp::async_pipe& pipe() { return pipe_; }
  const std::string& text() const { return text_; }
  bool overflowed() const { return overflowed_; }

  void Start() {
    pipe_.async_read_some(
        boost::asio::buffer(buffer_),
        [this](const boost::system::error_code& error, size_t size_bytes) {
          const std::string_view got(buffer_.data(), size_bytes);
          if (text_.size() + got.size() > max_bytes_) {
            overflowed_ = true;  // keep reading, so that the program can end
          } else {
            text_ += got;
          }
          if (!error) Start();
        });
  }

 private:
  bp::async_pipe pipe_;
  uint64_t max_bytes_;
  std::array<char, 65536> buffer_;
  std::string text_;
  bool overflowed_ = false;
};

std::string TailLines(const std::string& text, size_t max_lines) {
  std::vector<std::string> lines = Split(Trim(text), '\n');
  if (lines.size() > max_lines) {
    lines.erase(lines.begin(),
                lines.end() - static_cast<std::ptrdiff_t>(max_lines));
  }
  std::string tail;
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    // What a program printed must not reach a terminal as it is.
    const std::string quoted = Quote(line);
    tail += "\n    " + quoted.substr(1, quoted.size() - 2);
  }
  return tail;
}

struct CloseStdioFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using StdioFile = std::unique_ptr<std::FILE, CloseStdioFile>;

// StdinFile returns an anonymous file with the text. A pipe would need a writer
// beside the readers, and a program that reads nothing would end it by SIGPIPE.
StdioFile StdinFile(const std::string& text) {
  if (text.empty()) return StdioFile(std::fopen("/dev/null", "r"));
  const int descriptor = memfd_create("stdin", MFD_CLOEXEC);
  if (descriptor < 0) return nullptr;
  StdioFile file(fdopen(descriptor, "w+"));
  if (file == nullptr) {
    close(descriptor);
    return nullptr;
  }
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0 || lseek(descriptor, 0, SEEK_SET) != 0) {
    return nullptr;
  }
  return file;
}

// IsShellWord: no character of `text` means anything to a shell.
bool IsShellWord(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string::npos;
}

std::string ShellWord(const std::string& text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

enum class Ended { kByItself, kInterrupted, kTooLate };

// RunInTime drains the pipes to their ends, or as long as it may take and
// nobody interrupts.
Ended RunInTime(const Tool& tool, boost::asio::io_context* context) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(tool.max_seconds);
  while (!context->stopped()) {
    if (!CheckInterrupted()) return Ended::kInterrupted;
    if (tool.max_seconds != 0 && std::chrono::steady_clock::now() >= end) {
      return Ended::kTooLate;
    }
    context->run_for(std::chrono::milliseconds(50));
  }
  return Ended::kByItself;
}

Error Failure(const Tool& tool, const std::string& how,
              const std::string& stderr_text) {
  return ToolError(how + "\n  command: " + ShellQuoted(tool) +
                   TailLines(stderr_text, 10));
}

}  // namespace

Result<ToolOutput> RunTool(const Tool& tool) {
  const std::string name = Quote(tool.program.string());
  if (!tool.program.is_absolute()) {
    return ToolError("program " + name + " is not an absolute path");
  }
  std::error_code error;
  if (!std::filesystem::is_directory(tool.cwd, error)) {
    return ToolError("cannot run " + name + ": no directory " +
                     Quote(tool.cwd.string()));
  }
  const StdioFile in = StdinFile(tool.stdin_text);
  if (in == nullptr) return ToolError("cannot run " + name + ": no stdin");
  try {
    boost::asio::io_context context;
    Drain out(context, tool.max_output_bytes);
    Drain err(context, tool.max_output_bytes);
    bp::environment env;
    for (const auto& [key, value] : tool.env) env[key] = value;
    bp::child child(bp::exe = tool.program.string(), bp::args = tool.args, env,
                    bp::std_in = in.get(), bp::std_out > out.pipe(),
                    bp::std_err > err.pipe(), ChildSetup(tool));
    out.Start();
    err.Start();
    const Ended ended = RunInTime(tool, &context);
    if (ended == Ended::kInterrupted && tool.max_seconds == 0) {
      // It may have something to take back.
      kill(child.id(), SIGTERM);
      child.wait();
      return CheckInterrupted().error();
    }
    if (ended != Ended::kByItself) {
      kill(-child.id(), SIGKILL);
      child.wait();
      TALLY_TRY(CheckInterrupted());
      return Failure(tool,
                     name + " was killed after " +
                         std::to_string(tool.max_seconds) + " seconds",
                     err.text());
    }
    child.wait();
    const int status = child.native_exit_code();
    if (WIFSIGNALED(status)) {
      return Failure(
          tool,
          name + " was ended by signal " + std::to_string(WTERMSIG(status)),
          err.text());
    }
    if (out.overflowed() || err.overflowed()) {
      return Failure(
          tool,
          name + " printed more than " + FormatBytes(tool.max_output_bytes),
          err.text());
    }
    return ToolOutput{.exit_status = child.exit_code(),
                      .stdout_text = out.text(),
                      .stderr_text = err.text()};
  } catch (const std::exception& exception) {
    return ToolError("cannot run " + name + ": " + exception.what());
  }
}

Status RequireSuccess(const Tool& tool, const ToolOutput& output) {
  if (output.exit_status == 0) return Ok();
  return Failure(tool,
                 Quote(tool.program.string()) + " failed with status " +
                     std::to_string(output.exit_status),
                 output.stderr_text);
}

Result<std::filesystem::path> FindProgram(const std::string& name) {
  for (const char* folder :
       {"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"}) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return ToolError("program '" + name + "' is not installed")
      .Hint("install it: apt-get install " + name);
}

std::string ShellQuoted(const Tool& tool) {
  const std::string program = tool.program.string();
  std::string line = IsShellWord(program) ? program : ShellWord(program);
  for (const std::string& arg : tool.args) line += " " + ShellWord(arg);
  return line;
}

}  // namespace tally
