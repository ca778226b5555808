// A web server on the loopback interface: tests/support/http_server.py.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/descriptor.h"
#include "common/file.h"

namespace tally::test {

class NetworkServer {
 public:
  // Serves the files of `directory` until it is destroyed.
  explicit NetworkServer(const fs::path& directory);
  ~NetworkServer();
  NetworkServer(const NetworkServer&) = delete;
  NetworkServer& operator=(const NetworkServer&) = delete;

  // Url returns "http://127.0.0.1:PORT/<path>"; the first part of the path says
  // how the server is to behave.
  std::string Url(const std::string& path) const;

 private:
  pid_t process_ = -1;
  Descriptor input_;  // the server ends when this closes
  std::string port_;
};

}  // namespace tally::test
