// VerifySigned: gpgv, and its status lines (GnuPG 2.2, doc/DETAILS, section
// "General status codes").
#include <algorithm>
#include <map>

#include "builder/release_file.h"
#include "common/process.h"
#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

constexpr std::string_view kStatusPrefix = "[GNUPG:] ";
constexpr uint64_t kMaxSignedBytes = 64 << 20;

// SignatureVerdicts sorts the signatures of a text.
struct SignatureVerdicts {
  std::vector<std::string> good;  // primary key fingerprints
  std::vector<std::string> bad;   // key ids from here on
  std::vector<std::string> expired;
  std::vector<std::string> revoked;
  std::vector<std::string> missing;
  std::vector<std::string> weak;  // by a hash that is broken
  std::vector<std::string> other;
};

// RFC 4880 section 9.4: MD5, SHA-1 and RIPEMD-160 do not count any more.
bool IsWeakHash(std::string_view algorithm) {
  return algorithm == "1" || algorithm == "2" || algorithm == "3";
}

// VALIDSIG <fingerprint> <date> <time> <expires> <version> <reserved>
// <public-key algorithm> <hash algorithm> <class> [<primary fingerprint>]
void AddValid(const std::vector<std::string_view>& words,
              SignatureVerdicts& verdicts) {
  if (words.size() < 10) {
    verdicts.other.emplace_back(words.size() > 1 ? words[1] : "");
  } else if (IsWeakHash(words[8])) {
    verdicts.weak.emplace_back(words[1]);
  } else {
    verdicts.good.emplace_back(words.size() > 10 ? words[10] : words[1]);
  }
}

SignatureVerdicts ParseStatus(const std::string& status) {
  SignatureVerdicts verdicts;
  const std::map<std::string_view, std::vector<std::string>*> lists = {
      {"BADSIG", &verdicts.bad},        {"EXPSIG", &verdicts.expired},
      {"EXPKEYSIG", &verdicts.expired}, {"REVKEYSIG", &verdicts.revoked},
      {"NO_PUBKEY", &verdicts.missing},
  };
  // VALIDSIG comes after EXPKEYSIG and REVKEYSIG too: it counts only if GOODSIG
  // was the verdict since the last NEWSIG.
  bool good = false;
  for (const std::string& line : Split(status, '\n')) {
    if (!line.starts_with(kStatusPrefix)) continue;
    const std::vector<std::string_view> words =
        SplitWords(std::string_view(line).substr(kStatusPrefix.size()));
    if (words.empty()) continue;
    if (words[0] == "NEWSIG") good = false;
    if (words[0] == "GOODSIG") good = true;
    if (words[0] == "VALIDSIG" && good) AddValid(words, verdicts);
    const auto list = lists.find(words[0]);
    if (list == lists.end()) continue;
    good = false;
    list->second->emplace_back(words.size() > 1 ? words[1] : "");
  }
  return verdicts;
}

std::string KeyList(const char* what, const std::vector<std::string>& keys) {
  return std::string(what) + " " + Join(keys, ", ");
}

// Judge returns why the text is not to be trusted, if so.
Status Judge(const SignatureVerdicts& verdicts, const std::string& keyring) {
  if (!verdicts.bad.empty()) {
    return InputError(
        KeyList("bad signature: the text is not what was signed "
                "by key",
                verdicts.bad));
  }
  if (!verdicts.good.empty()) return Ok();
  if (!verdicts.expired.empty()) {
    return InputError(
               KeyList("signature or key has expired: key", verdicts.expired))
        .Hint("a newer keyring may have the key with a later date");
  }
  if (!verdicts.revoked.empty()) {
    return InputError(KeyList("signed by revoked key", verdicts.revoked));
  }
  if (!verdicts.weak.empty()) {
    return InputError(
        KeyList("signature uses a broken hash algorithm: key", verdicts.weak));
  }
  if (!verdicts.missing.empty()) {
    return InputError(KeyList("signed by a key that is not in the keyring: key",
                              verdicts.missing) +
                      ", keyring " + Quote(keyring))
        .Hint(
            "name the archive's keyring in the manifest, or upgrade "
            "debian-archive-keyring");
  }
  return InputError(
      "no signature found, expected an OpenPGP clear-signed text");
}

}  // namespace

Result<SignedText> VerifySigned(ByteSpan signed_text, const fs::path& keyring) {
  std::error_code error;
  if (!fs::is_regular_file(keyring, error)) {
    return IoError("keyring " + Quote(keyring.string()) + " is not there")
        .Hint("for Debian's archives: apt-get install debian-archive-keyring");
  }
  TALLY_ASSIGN(const fs::path gpgv, FindProgram("gpgv"));
  TALLY_ASSIGN(const TemporaryDirectory scratch, TemporaryDirectory::Create());
  const fs::path input = scratch.path() / "InRelease";
  const fs::path output = scratch.path() / "Release";
  TALLY_TRY(WriteFileAtomic(input, signed_text));
  const fs::path absolute_keyring = fs::absolute(keyring, error);
  // The text goes to a file, not to stdout: there it could pretend to be a
  // status line.
  const Tool tool = {.program = gpgv,
                     .args = {"--homedir", scratch.path().string(), "--keyring",
                              absolute_keyring.string(), "--status-fd", "1",
                              "--output", output.string(), input.string()},
                     .env = {{"LC_ALL", "C"}, {"TZ", "UTC"}},
                     .cwd = scratch.path()};
  // A status other than 0 means any signature that could not be checked; the
  // status lines say which, and whether that matters.
  TALLY_ASSIGN(const ToolOutput done, RunTool(tool));
  SignatureVerdicts verdicts = ParseStatus(done.stdout_text);
  TALLY_TRY(Judge(verdicts, keyring.string()));
  TALLY_ASSIGN(std::string text, ReadTextFile(output, kMaxSignedBytes));
  std::ranges::sort(verdicts.good);
  verdicts.good.erase(std::unique(verdicts.good.begin(), verdicts.good.end()),
                      verdicts.good.end());
  return SignedText{.text = std::move(text),
                    .signed_by = std::move(verdicts.good)};
}

}  // namespace tally
