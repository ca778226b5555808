#include "tests/cli/script.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

#include "cli/app.h"
#include "common/hash.h"
#include "common/text.h"
#include "release/release.h"
#include "tests/attest/tpm_world.h"
#include "tests/support/network_archive.h"
#include "tests/support/test_files.h"

namespace tally::test {
namespace {

// Words splits a line at spaces; '…' and "…" keep spaces and each other, $WORK
// is the directory.
std::vector<std::string> Words(const std::string& line, const fs::path& work) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool in_word = false;
  for (char c : line) {
    if (quote != 0 ? c == quote : c == '\'' || c == '"') {
      quote = quote != 0 ? 0 : c;
      in_word = true;
    } else if (c == ' ' && quote == 0) {
      if (in_word) words.push_back(word);
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) words.push_back(word);
  for (std::string& each : words) {
    const size_t at = each.find("$WORK");
    if (at != std::string::npos) each.replace(at, 5, work.string());
  }
  return words;
}

// Only returns the one file of a directory for "directory/*".
fs::path Only(const fs::path& path) {
  if (path.filename() != "*") return path;
  return fs::directory_iterator(path.parent_path())->path();
}

std::string Contents(std::FILE* file) {
  std::string text;
  std::rewind(file);
  char buffer[4096];
  size_t size = 0;
  while ((size = std::fread(buffer, 1, sizeof buffer, file)) > 0) {
    text.append(buffer, size);
  }
  return text;
}

void Overwrite(const fs::path& path, ByteSpan bytes) {
  ASSERT_TRUE(WriteFileAtomic(path, bytes)) << path;
}

// Script runs line by line, in the working directory of the process: ctest
// gives each test a process of its own.
class Script {
 public:
  Script() {
    fs::current_path(work_.path());
    setenv("XDG_CACHE_HOME", (work_.path() / "cache").c_str(), 1);
  }
  ~Script() { fs::current_path("/"); }

  // Unpack writes the "-- name --" files at the end and returns the commands.
  std::vector<std::string> Unpack(const std::string& text) {
    std::vector<std::string> commands;
    std::string name;
    std::string contents;
    const auto flush = [&] {
      if (name.empty()) return;
      const size_t at = contents.find("$WORK");
      if (at != std::string::npos) {
        contents.replace(at, 5, work_.path().string());
      }
      work_.Write(name, contents);
    };
    for (const std::string& line : Split(text, '\n')) {
      if (line.starts_with("-- ") && line.ends_with(" --")) {
        flush();
        name = line.substr(3, line.size() - 6);
        contents.clear();
      } else if (name.empty()) {
        commands.push_back(line);
      } else {
        contents += line + "\n";
      }
    }
    // Split() made one empty line of the final newline.
    if (!contents.empty()) contents.pop_back();
    flush();
    return commands;
  }

  // Step runs one line; false ends the script.
  void Step(const std::string& line) {
    std::vector<std::string> words = Words(line, work_.path());
    if (words.empty() || words[0].starts_with("#")) return;
    int expected_status = 0;
    bool negated = false;
    if (words[0].starts_with("!")) {
      negated = words[0] == "!";
      if (!negated) expected_status = std::atoi(words[0].c_str() + 1);
      words.erase(words.begin());
    }
    const std::string verb = words[0];
    words.erase(words.begin());
    if (verb == "tally") {
      Tally(words, expected_status);
    } else if (verb == "stdout" || verb == "stderr") {
      const std::string& printed = verb == "stdout" ? stdout_ : stderr_;
      const bool found = printed.find(words.at(0)) != std::string::npos;
      EXPECT_NE(found, negated) << verb << " was:\n" << printed;
    } else if (verb == "exists") {
      EXPECT_NE(fs::exists(words.at(0)), negated) << words[0];
    } else if (verb == "cmp") {
      const bool same = MustRead(words.at(0)) == MustRead(words.at(1));
      EXPECT_NE(same, negated) << words[0] << " and " << words[1];
    } else {
      Prepare(verb, words);
    }
  }

 private:
  void Tally(const std::vector<std::string>& args, int expected_status) {
    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    Console console(out, err);
    const int status = RunTally(args, console);
    stdout_ = Contents(out);
    stderr_ = Contents(err);
    std::fclose(out);
    std::fclose(err);
    EXPECT_EQ(status, expected_status) << stdout_ << stderr_;
  }

  void Prepare(const std::string& verb, const std::vector<std::string>& words) {
    if (verb == "archive") {
      MakeArchive();
    } else if (verb == "rm") {
      fs::remove_all(words.at(0));
    } else if (verb == "mkdir") {
      fs::create_directories(words.at(0));
    } else if (verb == "cp") {
      fs::copy(words.at(0), words.at(1), fs::copy_options::recursive);
    } else if (verb == "flip") {
      Bytes bytes = MustRead(words.at(0));
      bytes.at(std::stoul(words.at(1))) ^= 1;
      Overwrite(words[0], bytes);
    } else if (verb == "truncate") {
      const fs::path path = Only(words.at(0));
      Bytes bytes = MustRead(path);
      bytes.resize(std::stoul(words.at(1)));
      Overwrite(path, bytes);
    } else if (verb == "append") {
      Bytes bytes = MustRead(words.at(0));
      for (char c : words.at(1)) bytes.push_back(static_cast<uint8_t>(c));
      Overwrite(words[0], bytes);
    } else if (verb == "replace") {
      std::string text(AsText(MustRead(words.at(0))));
      const size_t at = text.find(words.at(1));
      ASSERT_NE(at, std::string::npos)
          << "no '" << words[1] << "' in " << words[0];
      text.replace(at, words[1].size(), words.at(2));
      Overwrite(words[0], AsBytes(text));
    } else if (verb == "vector") {
      TALLY_NEED_VECTOR(vector, words.at(0));
      fs::copy(vector, words.at(1));
    } else if (verb == "join") {
      Bytes bytes = MustRead(words.at(0));
      const Bytes more = MustRead(words.at(1));
      bytes.insert(bytes.end(), more.begin(), more.end());
      Overwrite(words[0], bytes);
    } else if (verb == "quote") {
      QuoteInto(words.at(0));
    } else if (verb == "refit") {
      Refit(words.at(0));
    } else if (verb == "corrupt") {
      // Every file below a directory loses its first bit.
      for (const auto& entry : fs::recursive_directory_iterator(words.at(0))) {
        if (!entry.is_regular_file()) continue;
        Bytes bytes = MustRead(entry.path());
        bytes.at(0) ^= 1;
        Overwrite(entry.path(), bytes);
      }
    } else {
      FAIL() << "unknown command '" << verb << "'";
    }
  }

  // QuoteInto writes the files of a TPM's quote, as tpm2-tools would.
  static void QuoteInto(const fs::path& directory) {
    TpmWorld world = TpmWorld::Rsa();
    world.Quote();
    Bytes values;
    for (const Bytes& pcr : world.pcrs) {
      values.insert(values.end(), pcr.begin(), pcr.end());
    }
    fs::create_directories(directory);
    Overwrite(directory / "quote.msg", world.evidence.message);
    Overwrite(directory / "quote.sig", world.evidence.signature);
    Overwrite(directory / "ak.pub", *world.evidence.ak_public);
    Overwrite(directory / "pcrs", values);
  }

  // Refit makes release.json and SHA256SUMS list what is there, as a forger
  // would.
  static void Refit(const fs::path& release) {
    LoadedRelease loaded = LoadRelease(release).value();
    loaded.release.files = DescribeFiles(release).value();
    for (const ListedFile& file : loaded.release.files) {
      if (file.name == kManifestFile) {
        loaded.release.manifest_sha256 = file.sha256;
      }
    }
    loaded.text = FormatReleaseJson(loaded.release);
    loaded.digest = Sha256(AsBytes(loaded.text));
    Overwrite(release / kReleaseJson, AsBytes(loaded.text));
    Overwrite(release / kSha256Sums, AsBytes(FormatSha256Sums(loaded)));
  }

  void MakeArchive() {
    NetworkArchive archive(work_.path() / "archive");
    archive.Add({.name = "kernel"});
    archive.Add({.name = "tools", .fields = "Depends: libtools (>= 1.0)\n"});
    archive.Add({.name = "libtools",
                 .fields = "Source: tools-source (0.9)\n",
                 .scripts = {{"postinst", "#!/bin/sh\nexit 0\n"}}});
    archive.Add({.name = "service", .version = "2.0"});
    archive.Publish({});
    fs::create_directories("m");
    fs::copy(Keys().keyring, "m/keyring.gpg");
  }

  Scratch work_;
  std::string stdout_;
  std::string stderr_;
};

}  // namespace

void RunScript(const fs::path& path) {
  const Bytes bytes = MustRead(path);
  Script script;
  int number = 0;
  for (const std::string& line : script.Unpack(std::string(AsText(bytes)))) {
    SCOPED_TRACE(path.filename().string() + ":" + std::to_string(++number) +
                 ": " + line);
    script.Step(line);
    if (testing::Test::HasFailure() || testing::Test::IsSkipped()) return;
  }
}

}  // namespace tally::test
