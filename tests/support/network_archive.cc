#include "tests/support/network_archive.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "common/hash.h"
#include "common/text.h"

namespace tally::test {
namespace {

// KeyHome is gpg's home for this process. gpg starts an agent there.
struct KeyHome {
  ~KeyHome() {
    Run("gpgconf", {"--homedir", scratch.path().string(), "--kill", "all"});
  }
  const Scratch scratch;
};
const Scratch& Home() {
  static const KeyHome home;
  return home.scratch;
}

std::string Gpg(std::vector<std::string> args) {
  std::vector<std::string> all = {"--homedir",       Home().path().string(),
                                  "--batch",         "--quiet",
                                  "--pinentry-mode", "loopback",
                                  "--passphrase",    ""};
  all.insert(all.end(), args.begin(), args.end());
  return Run("gpg", std::move(all));
}

std::string MakeKey(const std::string& name, const std::string& expires) {
  const std::string user = name + " <" + name + "@example.org>";
  Gpg({"--faked-system-time", "20200101T000000", "--quick-generate-key", user,
       "ed25519", "sign", expires});
  for (const std::string& line :
       Split(Gpg({"--with-colons", "--list-keys", user}), '\n')) {
    if (line.starts_with("fpr:")) return Split(line, ':')[9];
  }
  std::abort();
}

TestKeys MakeKeys() {
  TestKeys keys;
  keys.good = MakeKey("good", "never");
  keys.stranger = MakeKey("stranger", "never");
  keys.expired = MakeKey("expired", "1d");
  keys.keyring =
      Home().Write("keyring.gpg", Gpg({"--export", keys.good, keys.expired}));
  keys.stranger_keyring =
      Home().Write("stranger.gpg", Gpg({"--export", keys.stranger}));
  return keys;
}

std::string Listed(const fs::path& folder, const std::string& path) {
  const Bytes bytes = MustRead(folder / path);
  return " " + Sha256(bytes).hex() + " " + std::to_string(bytes.size()) + " " +
         path + "\n";
}

}  // namespace

std::string Run(const std::string& program, std::vector<std::string> args) {
  const Tool tool = {.program = FindProgram(program).value(),
                     .args = std::move(args),
                     .env = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}}};
  Result<ToolOutput> done = RunTool(tool);
  Status status =
      done ? RequireSuccess(tool, *done) : Status(std::move(done).error());
  if (!status) {
    std::fprintf(stderr, "test: %s\n", status.error().ToString().c_str());
    std::abort();
  }
  return done->stdout_text;
}

const TestKeys& Keys() {
  static const TestKeys keys = MakeKeys();
  return keys;
}

std::string ClearSign(const std::string& text, const std::string& fingerprint,
                      const std::string& time) {
  const Scratch scratch;
  const fs::path input = scratch.Write("text", text);
  return Gpg({"--faked-system-time", time, "--local-user", fingerprint,
              "--output", "-", "--clear-sign", input.string()});
}

std::string NetworkArchive::Add(const TestPackage& package) {
  const Scratch scratch;
  const std::string control = "Package: " + package.name +
                              "\nVersion: " + package.version +
                              "\nArchitecture: " + package.architecture +
                              "\nMaintainer: Test <test@example.org>\n" +
                              package.fields + "Description: made for a test\n";
  scratch.Write("deb/DEBIAN/control", control);
  scratch.Write("deb/usr/share/" + package.name, package.name + " contents\n");
  for (const auto& [name, text] : package.scripts) {
    const fs::path script = scratch.Write("deb/DEBIAN/" + name, text);
    chmod(script.c_str(), 0755);
  }
  const std::string path = "pool/main/" + package.name + "/" + package.name +
                           "_" + package.version + "_" + package.architecture +
                           ".deb";
  fs::create_directories((root_ / path).parent_path());
  Run("dpkg-deb", {"--build", "--root-owner-group",
                   (scratch.path() / "deb").string(), (root_ / path).string()});
  const Bytes deb = MustRead(root_ / path);
  packages_ += control + "Filename: " + path +
               "\nSize: " + std::to_string(deb.size()) +
               "\nSHA256: " + Sha256(deb).hex() + "\n\n";
  return path;
}

void NetworkArchive::Publish(const TestRelease& release) {
  const fs::path dist = root_ / "dists" / release.codename;
  const fs::path folder = dist / "main/binary-amd64";
  fs::create_directories(folder / "by-hash/SHA256");
  const auto put = [](const fs::path& path, std::string_view text) {
    if (!WriteFileAtomic(path, AsBytes(text))) std::abort();
  };
  put(folder / "Packages", packages_);
  Run("xz", {"--force", "--keep", (folder / "Packages").string()});
  if (release.by_hash) {
    const Bytes xz = MustRead(folder / "Packages.xz");
    put(folder / "by-hash/SHA256" / Sha256(xz).hex(), AsText(xz));
  }
  std::string text =
      "Origin: " + release.origin + "\nLabel: Test\nSuite: " + release.suite +
      "\nCodename: " + release.codename + "\nDate: " + release.date + "\n";
  if (!release.valid_until.empty()) {
    text += "Valid-Until: " + release.valid_until + "\n";
  }
  text += std::string("Acquire-By-Hash: ") + (release.by_hash ? "yes" : "no") +
          "\nSHA256:\n" + Listed(dist, "main/binary-amd64/Packages") +
          Listed(dist, "main/binary-amd64/Packages.xz");
  const std::string& key = release.key.empty() ? Keys().good : release.key;
  const bool expired = key == Keys().expired;
  put(dist / "InRelease",
      ClearSign(text, key, expired ? "20200101T120000" : "20251231T000000"));
}

}  // namespace tally::test
