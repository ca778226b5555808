#include "builder/generate/identity.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kIdentityGenerator = "identity";
constexpr std::string_view kZones = "usr/share/zoneinfo/";
constexpr std::string_view kLocales = "usr/lib/locale/";

// Key names a value of the manifest in error text.
std::string Key(const Manifest& manifest, std::string_view key) {
  return manifest.path.string() + ": system." + std::string(key);
}

bool Has(const Tree& tree, std::string_view path) {
  return tree.Resolve(path) != nullptr;
}

Status OfferFile(const std::string& path, std::string_view text, unsigned mode,
                 Tree* tree) {
  const auto offered =
      tree->Offer(path, GeneratedFile(kIdentityGenerator, text, mode));
  return offered ? Ok() : Status(offered.error());
}

Status OfferIdentityLink(const std::string& path, std::string_view target,
                         Tree* tree) {
  const auto offered =
      tree->Offer(path, GeneratedLink(kIdentityGenerator, target));
  return offered ? Ok() : Status(offered.error());
}

// The name is a DNS label or several, hostname(7), and Linux keeps 64 bytes.
Status CheckHostname(const Manifest& manifest, const std::string& name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  if (plain && !name.empty() && name.size() <= 64 && name.front() != '-' &&
      name.front() != '.' && name.back() != '.') {
    return Ok();
  }
  return InputError(Key(manifest, "hostname") + ": found " + Quote(name) +
                    ", expected at most 64 letters, digits, '-' and '.'");
}

// The lines are those of netbase's postinst; 127.0.1.1 is Debian Reference
// 5.1.1, as the installer writes it.
std::string HostsText(const std::optional<std::string>& hostname) {
  std::string text = "127.0.0.1\tlocalhost\n";
  if (hostname) {
    const std::string alias = hostname->substr(0, hostname->find('.'));
    text += "127.0.1.1\t" + *hostname +
            (alias == *hostname ? "" : "\t" + alias) + "\n";
  }
  return text +
         "::1\t\tlocalhost ip6-localhost ip6-loopback\n"
         "ff02::1\t\tip6-allnodes\n"
         "ff02::2\t\tip6-allrouters\n\n";
}

Status WriteNames(const Manifest& manifest, Tree* tree) {
  const std::optional<std::string>& hostname = manifest.system.hostname;
  if (hostname) {
    TALLY_TRY(CheckHostname(manifest, *hostname));
    TALLY_TRY(OfferFile("etc/hostname", *hostname + "\n", 0644, tree));
  }
  const bool has_netbase = Has(*tree, "etc/protocols");
  if (hostname || has_netbase) {
    TALLY_TRY(OfferFile("etc/hosts", HostsText(hostname), 0644, tree));
  }
  if (!has_netbase) return Ok();
  return OfferFile("etc/networks",
                   "default\t\t0.0.0.0\nloopback\t127.0.0.0\n"
                   "link-local\t169.254.0.0\n\n",
                   0644, tree);
}

Status WriteMachineId(const Manifest& manifest, Tree* tree) {
  std::optional<std::string> id = manifest.system.machine_id;
  if (!id && Has(*tree, "usr/lib/systemd/systemd")) id = "uninitialized";
  if (!id) return Ok();
  const bool is_id =
      id->size() == 32 &&
      id->find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_id && !id->empty() && *id != "uninitialized") {
    return InputError(Key(manifest, "machine_id") + ": found " + Quote(*id) +
                      ", expected 'uninitialized', '' or 32 lower-case "
                      "hexadecimal digits");
  }
  // 0444 is what systemd-machine-id-setup(1) creates.
  return OfferFile("etc/machine-id", id->empty() ? "" : *id + "\n", 0444, tree);
}

// IsZoneName keeps a name inside of the directory of zones.
bool IsZoneName(const std::string& name) {
  const std::vector<std::string> parts = Split(name, '/');
  return std::ranges::all_of(parts, [](const std::string& part) {
    return !part.empty() && part != "." && part != "..";
  });
}

// NearestZone suggests a zone of the tree.
std::string NearestZone(const std::string& name, const Tree& tree) {
  std::vector<std::string> zones;
  const Tree::Nodes& nodes = tree.nodes();
  for (auto at = nodes.lower_bound(kZones);
       at != nodes.end() && at->first.starts_with(kZones); ++at) {
    if (at->second.type != NodeType::kDirectory) {
      zones.push_back(at->first.substr(kZones.size()));
    }
  }
  const std::optional<std::string> nearest = NearestName(name, zones);
  return nearest ? ", did you mean '" + *nearest + "'?" : "";
}

Status WriteTimezone(const Manifest& manifest, Tree* tree) {
  std::optional<std::string> zone = manifest.system.timezone;
  if (zone) {
    const TreeNode* file = IsZoneName(*zone)
                               ? tree->Resolve(std::string(kZones) + *zone)
                               : nullptr;
    if (file == nullptr || file->type != NodeType::kFile) {
      return InputError(Key(manifest, "timezone") + ": found " + Quote(*zone) +
                        ", expected a file below '/usr/share/zoneinfo' of the "
                        "image" +
                        NearestZone(*zone, *tree));
    }
  } else if (Has(*tree, std::string(kZones) + "Etc/UTC")) {
    zone = "Etc/UTC";  // as tzdata's postinst if debconf has no answer
  }
  if (!zone) return Ok();
  TALLY_TRY(OfferIdentityLink("etc/localtime",
                              "/" + std::string(kZones) + *zone, tree));
  return OfferFile("etc/timezone", *zone + "\n", 0644, tree);
}

// LocaleDirectory returns "de_DE.utf8@euro" for "de_DE.UTF-8@euro": glibc looks
// for the codeset in lower case without punctuation (_nl_normalize_codeset).
std::string LocaleDirectory(const std::string& locale) {
  const size_t dot = locale.find('.');
  if (dot == std::string::npos) return locale;
  const size_t end = std::min(locale.find('@', dot), locale.size());
  std::string codeset;
  bool only_digits = true;
  for (const char c : locale.substr(dot + 1, end - dot - 1)) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_upper && !is_digit && (c < 'a' || c > 'z')) continue;
    codeset += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    only_digits = only_digits && is_digit;
  }
  return locale.substr(0, dot + 1) + (only_digits ? "iso" : "") + codeset +
         locale.substr(end);
}

Status WriteLocale(const Manifest& manifest, Tree* tree) {
  if (!manifest.system.locale) return Ok();
  const std::string& locale = *manifest.system.locale;
  const bool plain = !locale.empty() && std::ranges::all_of(locale, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           std::string_view("_.@-").find(c) != std::string_view::npos;
  });
  const std::string in_tree = std::string(kLocales) + LocaleDirectory(locale);
  const bool is_built_in = locale == "C" || locale == "POSIX";
  const TreeNode* directory =
      plain ? tree->Resolve(in_tree + "/LC_CTYPE") : nullptr;
  if (!is_built_in && directory == nullptr) {
    Error error =
        InputError(Key(manifest, "locale") + ": found " + Quote(locale) +
                   ", expected a locale with a directory below "
                   "'/usr/lib/locale' of the image");
    return std::move(error).Hint(
        "package libc-bin has C.UTF-8; nothing is compiled at build time");
  }
  return OfferFile("etc/default/locale", "LANG=" + locale + "\n", 0644, tree);
}

Status WriteLinks(Tree* tree) {
  if (Has(*tree, "usr/lib/systemd/systemd-resolved")) {
    TALLY_TRY(OfferIdentityLink(
        "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf", tree));
  }
  if (Has(*tree, "usr/lib/os-release")) {
    TALLY_TRY(
        OfferIdentityLink("etc/os-release", "../usr/lib/os-release", tree));
  }
  if (Has(*tree, "usr/bin/mount")) {
    TALLY_TRY(OfferIdentityLink("etc/mtab", "../proc/self/mounts", tree));
  }
  return Ok();
}

// ShellList is /etc/shells while it grows.
class ShellList {
 public:
  explicit ShellList(const Tree& tree) : tree_(tree) {}

  // AddText takes over a file, comments included, but no shell twice.
  void AddText(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      const std::string shell(line.substr(0, line.find('#')));
      if (shell.empty() || shells_.insert(shell).second) {
        text_ += std::string(line) + "\n";
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  // AddShell adds a shell under its name and under the one that its directory
  // has after all links: "/bin/sh" and "/usr/bin/sh".
  void AddShell(const std::string& shell) {
    const size_t slash = shell.rfind('/');
    if (slash == std::string::npos) return;
    Append(shell);
    const std::optional<std::string> directory =
        tree_.ResolvePath(shell.substr(0, slash));
    if (directory) {
      Append((directory->empty() ? "" : "/" + *directory) +
             shell.substr(slash));
    }
  }

  // AddShellsOf adds the shells of a file of packages.
  void AddShellsOf(std::string_view text) {
    for (const std::string& line : Split(text, '\n')) {
      AddShell(line.substr(0, line.find('#')));
    }
  }

  const std::string& text() const { return text_; }

 private:
  void Append(const std::string& shell) {
    if (shells_.insert(shell).second) text_ += shell + "\n";
  }

  const Tree& tree_;
  std::set<std::string> shells_;
  std::string text_;
};

// FileText returns "" if there is no such file.
std::string_view FileText(const Tree& tree, const std::string& path) {
  const TreeNode* node = tree.Resolve(path);
  if (node == nullptr || node->type != NodeType::kFile) return {};
  return AsText(node->content.span());
}

}  // namespace

Status GenerateIdentity(const Manifest& manifest, Tree* tree) {
  TALLY_TRY(WriteNames(manifest, tree));
  TALLY_TRY(WriteMachineId(manifest, tree));
  TALLY_TRY(WriteTimezone(manifest, tree));
  TALLY_TRY(WriteLocale(manifest, tree));
  return WriteLinks(tree);
}

Status GenerateShells(const std::vector<Action>& actions, Tree* tree) {
  constexpr std::string_view kTemplate = "usr/share/debianutils/shells";
  const bool asked = std::ranges::any_of(actions, [](const Action& action) {
    return action.kind == ActionKind::kAddShell;
  });
  const bool has_template = Has(*tree, kTemplate);
  if (!asked && !has_template) return Ok();
  ShellList shells(*tree);
  if (has_template) {
    const std::string_view text = FileText(*tree, std::string(kTemplate));
    shells.AddText(text);
    shells.AddShellsOf(text);
    const std::string directory = std::string(kTemplate) + ".d";
    for (const std::string& file : tree->Children(directory)) {
      if (file.starts_with('.')) continue;  // as a shell's glob
      shells.AddShellsOf(FileText(*tree, directory + "/" + file));
    }
  }
  for (const Action& action : actions) {
    if (action.kind == ActionKind::kAddShell) shells.AddShell(action.argument);
  }
  return OfferFile("etc/shells", shells.text(), 0644, tree);
}

}  // namespace tally
