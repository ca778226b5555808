#include "builder/scripts/triggers.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxTriggersBytes = 64 << 10;

// What a package activates, and what is done for it.
struct Activation {
  std::string_view trigger;
  std::string_view action;  // empty: nothing
};

constexpr Activation kActivations[] = {
    {"ldconfig", "ldconfig"},
    {"update-ca-certificates", "ca-certificates"},
    {"update-ca-certificates-fresh", "ca-certificates"},
    // The initrd is tally's own.
    {"update-initramfs", ""},
};

// What a package waits for: its postinst would run again, after others brought
// files. Each row says why that needs no action of its own.
struct Interest {
  std::string_view package;
  std::string_view trigger;
  std::string_view why;
};

constexpr Interest kInterests[] = {
    {"ca-certificates", "update-ca-certificates", "who activates it asks"},
    {"ca-certificates", "update-ca-certificates-fresh",
     "who activates it asks"},
    {"dbus", "/etc/dbus-1/system.d", "reloads a running bus"},
    {"dbus", "/usr/share/dbus-1/system-services", "reloads a running bus"},
    {"dbus", "/usr/share/dbus-1/system.d", "reloads a running bus"},
    {"debianutils", "/usr/share/debianutils/shells.d",
     "packages with a shell have actions add-shell"},
    {"initramfs-tools", "update-initramfs", "the initrd is tally's own"},
    {"libc-bin", "ldconfig", "who activates it asks"},
    {"man-db", "/usr/share/man", "the index of manual pages is left out"},
    {"systemd", "/usr/lib/binfmt.d", "read at boot"},
    {"systemd", "/usr/lib/systemd/catalog",
     "the binary message catalog is left out"},
    {"udev", "/lib/udev/hwdb.d", "the binary hardware database is left out"},
};

bool IsOneOf(std::string_view word, std::string_view directive) {
  return word == directive || word == std::string(directive) + "-noawait" ||
         word == std::string(directive) + "-await";
}

bool IsKnownInterest(std::string_view package, std::string_view trigger) {
  return std::ranges::any_of(kInterests, [&](const Interest& known) {
    return known.package == package && known.trigger == trigger;
  });
}

}  // namespace

Result<std::vector<std::string>> TranslateTriggers(std::string_view package,
                                                   ByteSpan triggers) {
  if (triggers.size() > kMaxTriggersBytes) {
    return InputError("has " + FormatBytes(triggers.size()) +
                      ", expected at most " + FormatBytes(kMaxTriggersBytes));
  }
  std::vector<std::string> actions;
  size_t number = 0;
  for (const std::string& text : Split(AsText(triggers), '\n')) {
    ++number;
    std::string_view line =
        Trim(std::string_view(text).substr(0, text.find('#')));
    if (line.empty()) continue;
    const size_t space = std::min(line.find(' '), line.size());
    const std::string_view directive = line.substr(0, space);
    const std::string_view trigger = Trim(line.substr(space));

    const auto activation =
        std::ranges::find(kActivations, trigger, &Activation::trigger);
    if (IsOneOf(directive, "activate") &&
        activation != std::end(kActivations)) {
      const std::string action(activation->action);
      const bool is_new = std::ranges::find(actions, action) == actions.end();
      if (!action.empty() && is_new) actions.push_back(action);
      continue;
    }
    if (IsOneOf(directive, "interest") && IsKnownInterest(package, trigger)) {
      continue;
    }
    return InputError("line " + std::to_string(number) + ": found " +
                      Quote(line.substr(0, 120)) +
                      ", expected a trigger that tally knows");
  }
  return actions;
}

}  // namespace tally
