#include "tests/support/network_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "common/check.h"
#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally::test {

NetworkServer::NetworkServer(const fs::path& directory) {
  std::array<int, 2> in = {};
  std::array<int, 2> out = {};
  TALLY_CHECK(pipe2(in.data(), O_CLOEXEC) == 0);
  TALLY_CHECK(pipe2(out.data(), O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = FindProgram("python3").value().string();
  std::string script = SourcePath("tests/support/http_server.py").string();
  std::string root = directory.string();
  std::array<char*, 4> args = {program.data(), script.data(), root.data(),
                               nullptr};
  std::array<char*, 1> env = {nullptr};
  TALLY_CHECK(posix_spawn(&process_, program.c_str(), &actions, nullptr,
                          args.data(), env.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  input_ = Descriptor(in[1]);
  const Descriptor output(out[0]);
  char c = 0;
  while (read(output.get(), &c, 1) == 1 && c != '\n') port_ += c;
  TALLY_CHECK(!port_.empty());
}

NetworkServer::~NetworkServer() {
  input_.Close();
  int status = 0;
  waitpid(process_, &status, 0);
}

std::string NetworkServer::Url(const std::string& path) const {
  return "http://127.0.0.1:" + port_ + "/" + path;
}

}  // namespace tally::test
