// Text: cap_from_text(3), cap_text_formats(7) of libcap. Bytes: struct
// vfs_cap_data in include/uapi/linux/capability.h of Linux; the rule about the
// effective bit: cap_set_file(3).
#include "formats/file_capabilities.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "common/text.h"

namespace tally {
namespace {

// By number, include/uapi/linux/capability.h.
constexpr std::array<std::string_view, 41> kCapabilityNames = {
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
};
constexpr uint64_t kAll = (uint64_t{1} << kCapabilityNames.size()) - 1;

constexpr uint32_t kRevision2 = 0x02000000;  // VFS_CAP_REVISION_2
constexpr uint32_t kEffective = 0x00000001;  // VFS_CAP_FLAGS_EFFECTIVE

constexpr std::string_view kSpace = " \t\n\v\f\r";

// The flags in the order of libcap's bits, which orders the output.
enum Flag : unsigned { kE = 1, kP = 2, kI = 4 };

// Sets is the three sets that a text builds up.
struct Sets {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;

  void Clear(uint64_t mask, unsigned flags) {
    if ((flags & kE) != 0) effective &= ~mask;
    if ((flags & kP) != 0) permitted &= ~mask;
    if ((flags & kI) != 0) inheritable &= ~mask;
  }
  void Raise(uint64_t mask, unsigned flags) {
    if ((flags & kE) != 0) effective |= mask;
    if ((flags & kP) != 0) permitted |= mask;
    if ((flags & kI) != 0) inheritable |= mask;
  }
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// ParseOne returns the bits of one word of a list.
Result<uint64_t> ParseOne(std::string_view word) {
  const std::string name = Lower(word);
  if (name == "all") return kAll;
  const auto found =
      std::find(kCapabilityNames.begin(), kCapabilityNames.end(), name);
  if (found != kCapabilityNames.end())
    return uint64_t{1} << (found - kCapabilityNames.begin());
  if (!name.empty() && name[0] >= '0' && name[0] <= '9') {
    const Result<uint64_t> number = ParseUnsigned(name);
    if (number && *number < kCapabilityNames.size())
      return uint64_t{1} << *number;
    return InputError("found capability " + Quote(word) +
                      ", expected a number from 0 to 40");
  }
  Error error = InputError("found " + Quote(word) +
                           ", expected the name of a capability");
  const std::vector<std::string> names(kCapabilityNames.begin(),
                                       kCapabilityNames.end());
  const std::optional<std::string> nearest = NearestName(name, names);
  if (nearest) return std::move(error).Hint("did you mean '" + *nearest + "'?");
  return error;
}

Result<uint64_t> ParseList(std::string_view list) {
  uint64_t mask = 0;
  for (const std::string& word : Split(list, ',')) {
    TALLY_ASSIGN(const uint64_t bits, ParseOne(word));
    mask |= bits;
  }
  return mask;
}

Result<unsigned> ParseFlags(std::string_view text) {
  unsigned flags = 0;
  for (const char c : text) {
    const unsigned flag = c == 'e' ? kE : c == 'i' ? kI : c == 'p' ? kP : 0U;
    if (flag == 0 || (flags & flag) != 0) {
      return InputError("found " + Quote(std::string_view(&c, 1)) +
                        " among the flags " + Quote(text) +
                        ", expected each of e, i and p at most once");
    }
    flags |= flag;
  }
  return flags;
}

// ApplyClause reads "cap_kill,cap_chown=ep-i".
Status ApplyClause(std::string_view clause, Sets& sets) {
  constexpr std::string_view kOperators = "=+-";
  const size_t list_end = clause.find_first_of(kOperators);
  if (list_end == std::string_view::npos) {
    return InputError("found no '=', '+' or '-'");
  }
  const bool listed = list_end > 0;
  uint64_t mask = kAll;
  if (listed) {
    TALLY_ASSIGN(mask, ParseList(clause.substr(0, list_end)));
  }
  for (size_t at = list_end; at < clause.size();) {
    const char operation = clause[at];
    const size_t end =
        std::min(clause.find_first_of(kOperators, at + 1), clause.size());
    TALLY_ASSIGN(const unsigned flags,
                 ParseFlags(clause.substr(at + 1, end - at - 1)));
    if (operation == '=') {
      if (at != list_end) {
        return InputError("found a second operator '=', expected '+' or '-'");
      }
      sets.Clear(mask, kE | kP | kI);
    } else if (!listed || flags == 0) {
      return InputError(std::string("operator '") + operation +
                        "' needs capabilities before it and flags behind it");
    }
    if (operation == '-') {
      sets.Clear(mask, flags);
    } else {
      sets.Raise(mask, flags);
    }
    at = end;
  }
  return Ok();
}

// ToFile turns three sets into what the attribute can hold.
Result<FileCapabilities> ToFile(const Sets& sets) {
  const uint64_t held = sets.permitted | sets.inheritable;
  if (sets.effective != 0 && sets.effective != held) {
    return InputError(
        "flag 'e' is set for some capabilities only, expected it for all that "
        "are permitted or inheritable, or for none");
  }
  return FileCapabilities{.permitted = sets.permitted,
                          .inheritable = sets.inheritable,
                          .effective = sets.effective != 0};
}

unsigned FlagsOf(const FileCapabilities& capabilities, size_t number) {
  const bool permitted = (capabilities.permitted >> number & 1) != 0;
  const bool inheritable = (capabilities.inheritable >> number & 1) != 0;
  const bool effective = capabilities.effective && (permitted || inheritable);
  return (effective ? kE : 0U) | (permitted ? kP : 0U) |
         (inheritable ? kI : 0U);
}

std::string FlagText(unsigned flags) {
  std::string text;
  if ((flags & kE) != 0) text += 'e';
  if ((flags & kI) != 0) text += 'i';
  if ((flags & kP) != 0) text += 'p';
  return text;
}

// Changes returns "=ep", "+i" or "-p": how a clause gets from the flags that
// all have to its own.
std::string Changes(unsigned base, unsigned flags, bool is_first) {
  std::string text;
  if ((flags & ~base) != 0) {
    text += base == 0 && is_first ? "=" : "+";
    text += FlagText(flags & ~base);
  }
  if ((base & ~flags) != 0) text += "-" + FlagText(base & ~flags);
  return text;
}

}  // namespace

Result<FileCapabilities> ParseCapabilityText(std::string_view text) {
  const auto refuse = [&text](Error error) {
    Error whole =
        InputError("capabilities " + Quote(text) + ": " + error.message());
    for (const std::string& hint : error.hints()) {
      whole = std::move(whole).Hint(hint);
    }
    return whole;
  };
  Sets sets;
  size_t num_clauses = 0;
  for (size_t at = 0; at < text.size(); ++num_clauses) {
    at = text.find_first_not_of(kSpace, at);
    if (at == std::string_view::npos) break;
    const size_t end = std::min(text.find_first_of(kSpace, at), text.size());
    const Status applied = ApplyClause(text.substr(at, end - at), sets);
    if (!applied) return refuse(applied.error());
    at = end;
  }
  if (num_clauses == 0) return refuse(InputError("found no clause"));
  const Result<FileCapabilities> file = ToFile(sets);
  if (!file) return refuse(file.error());
  return file;
}

std::string FormatCapabilities(const FileCapabilities& capabilities) {
  std::array<std::vector<std::string>, 8> names;  // by flags
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    names.at(FlagsOf(capabilities, i)).emplace_back(kCapabilityNames.at(i));
  }
  // Most capabilities have the flags `base`; it is the first of the most.
  unsigned base = 0;
  for (unsigned flags = 1; flags < names.size(); ++flags) {
    if (names.at(flags).size() > names.at(base).size()) base = flags;
  }
  std::vector<std::string> clauses;
  if (base != 0) clauses.push_back("=" + FlagText(base));
  for (unsigned flags = 8; flags-- > 0;) {
    if (flags == base || names.at(flags).empty()) continue;
    clauses.push_back(Join(names.at(flags), ",") +
                      Changes(base, flags, clauses.empty()));
  }
  return clauses.empty() ? "=" : Join(clauses, " ");
}

Result<FileCapabilities> ParseCapabilityXattr(ByteSpan xattr) {
  ByteReader reader("security.capability", xattr);
  const uint32_t magic = reader.U32Le("magic_etc");
  if ((magic & ~kEffective) != kRevision2) {
    reader.Fail("magic_etc", "found " + HexNumber(magic) +
                                 ", expected revision 2 (0x2000000)");
  }
  FileCapabilities capabilities;
  capabilities.effective = (magic & kEffective) != 0;
  capabilities.permitted = reader.U32Le("data[0].permitted");
  capabilities.inheritable = reader.U32Le("data[0].inheritable");
  capabilities.permitted |= uint64_t{reader.U32Le("data[1].permitted")} << 32;
  capabilities.inheritable |= uint64_t{reader.U32Le("data[1].inheritable")}
                              << 32;
  const uint64_t held = capabilities.permitted | capabilities.inheritable;
  if ((held & ~kAll) != 0) {
    reader.Fail("data[1]", "found a capability above 40");
  }
  if (capabilities.effective && held == 0) {
    reader.Fail("magic_etc", "effective without capabilities");
  }
  TALLY_TRY(reader.Finish());
  return capabilities;
}

Bytes EncodeCapabilityXattr(const FileCapabilities& capabilities) {
  const auto low = [](uint64_t set) { return static_cast<uint32_t>(set); };
  const auto high = [](uint64_t set) {
    return static_cast<uint32_t>(set >> 32);
  };
  ByteWriter writer;
  writer.U32Le(kRevision2 | (capabilities.effective ? kEffective : 0));
  writer.U32Le(low(capabilities.permitted));
  writer.U32Le(low(capabilities.inheritable));
  writer.U32Le(high(capabilities.permitted));
  writer.U32Le(high(capabilities.inheritable));
  return std::move(writer).Take();
}

}  // namespace tally
