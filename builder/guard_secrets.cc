// What must not be the same on all machines that run an image. Why each guard
// exists: docs/guards.md.
#include <algorithm>
#include <array>

#include "builder/guard_rules.h"
#include "common/text.h"
#include "formats/private_key.h"

namespace tally {
namespace {

using std::string_view_literals::operator""sv;

bool IsSshHostKey(std::string_view path) {
  return GlobMatches("etc/ssh/ssh_host_*_key*", path);
}

bool IsSnakeoil(std::string_view path) {
  return BaseName(path).starts_with("ssl-cert-snakeoil");
}

// random-seed(8) of systemd and of sysvinit, systemd-boot's, seedrng(8).
constexpr std::array kSeeds = {
    "var/lib/systemd/random-seed"sv,   "var/lib/urandom/random-seed"sv,
    "var/lib/misc/random-seed"sv,      "var/lib/random-seed"sv,
    "boot/loader/random-seed"sv,       "efi/loader/random-seed"sv,
    "boot/efi/loader/random-seed"sv,   "var/lib/seedrng/seed.credit"sv,
    "var/lib/seedrng/seed.no-credit"sv};

bool IsSeed(std::string_view path) {
  return std::ranges::find(kSeeds, path) != kSeeds.end();
}

// IdProblem returns why a machine-id file does not pass; nothing if it does.
std::string IdProblem(const std::optional<std::string>& allowed,
                      const TreeNode& node) {
  const std::string_view id = Trim(AsText(node.content.span()));
  if (id.empty() || id == "uninitialized" || id == allowed) return "";
  return "an id that every machine would have, expected 'uninitialized', an "
         "empty file or the manifest's machine_id";
}

std::string SecretProblem(std::string_view path, const TreeNode& node) {
  // systemd-creds(1): encrypts the credentials of this one machine.
  if (path == "var/lib/systemd/credential.secret") return "the host's secret";
  // Programs of packages carry the keys of their self-tests (libgnutls has
  // some); what is in a published package is no secret.
  const bool is_elf = AsText(node.content.span()).starts_with("\x7f\x45LF");
  if (is_elf && node.origin.kind == "package") return "";
  const std::optional<std::string> key = FindPrivateKey(node.content.span());
  return key ? *key : "";
}

}  // namespace

void FindSecrets(const std::optional<std::string>& machine_id, const Tree& tree,
                 Findings* findings) {
  for (const auto& [path, node] : tree.nodes()) {
    if (node.type == NodeType::kDirectory) continue;
    const auto add = [&, &at = path](const char* guard, std::string what) {
      if (what.empty()) return;
      findings->push_back(
          {.guard = guard, .path = at, .what = std::move(what)});
    };
    // The narrow guards first: one path needs one allowance.
    if (IsSshHostKey(path)) {
      add("ssh-host-key", "a key that every machine would have");
    } else if (IsSnakeoil(path)) {
      add("snakeoil", "a certificate that every machine would have");
    } else if (IsSeed(path)) {
      add("random-seed", "a seed that every machine would have");
    } else if (node.type != NodeType::kFile) {
      continue;
    } else if (path == "etc/machine-id" || path == "var/lib/dbus/machine-id") {
      add("machine-id", IdProblem(machine_id, node));
    } else {
      add("private-key", SecretProblem(path, node));
    }
  }
}

}  // namespace tally
