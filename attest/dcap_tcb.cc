#include "attest/dcap_tcb.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

template <size_t N>
std::array<uint8_t, N> Masked(const std::array<uint8_t, N>& value,
                              const std::array<uint8_t, N>& mask) {
  std::array<uint8_t, N> out = {};
  for (size_t i = 0; i < N; ++i) {
    out[i] = static_cast<uint8_t>(value[i] & mask[i]);
  }
  return out;
}

Status Expect(const std::string& name, ByteSpan found, ByteSpan expected) {
  if (std::ranges::equal(found, expected)) return Ok();
  return MismatchError(name + ": found " + Hex(found) + ", expected " +
                       Hex(expected));
}

Status ExpectNumber(const std::string& name, uint64_t found,
                    uint64_t expected) {
  if (found == expected) return Ok();
  return MismatchError(name + ": found " + HexNumber(found) + ", expected " +
                       HexNumber(expected));
}

void Add(const std::vector<std::string>& advisories, TcbVerdict* verdict) {
  for (const std::string& advisory : advisories) {
    if (std::ranges::find(verdict->advisories, advisory) ==
        verdict->advisories.end()) {
      verdict->advisories.push_back(advisory);
    }
  }
}

// Converge is what an enclave's or a module's status makes of a platform's
// (convergeTcbStatusWithQeTcbStatus, convergeTcbStatusWithTdxModuleStatus).
TcbStatus Converge(TcbStatus platform, TcbStatus other) {
  if (other == TcbStatus::kRevoked) return TcbStatus::kRevoked;
  if (other == TcbStatus::kUpToDate) return platform;
  switch (platform) {
    case TcbStatus::kUpToDate:
    case TcbStatus::kSwHardeningNeeded:
      return TcbStatus::kOutOfDate;
    case TcbStatus::kConfigurationNeeded:
    case TcbStatus::kConfigurationAndSwHardeningNeeded:
      return TcbStatus::kOutOfDateConfigurationNeeded;
    default:
      return platform;
  }
}

// FindLevel returns the highest level that `isvsvn` reaches, or null.
const IsvSvnLevel* FindLevel(const std::vector<IsvSvnLevel>& levels,
                             uint16_t isvsvn) {
  const auto found = std::ranges::find_if(
      levels, [&](const IsvSvnLevel& level) { return isvsvn >= level.isvsvn; });
  return found == levels.end() ? nullptr : &*found;
}

// FindModule returns the identity "TDX_03" of major version 3, in any case of
// letters.
Result<const TdxModuleIdentity*> FindModule(const TcbInfo& info,
                                            uint8_t version) {
  const std::string wanted = "TDX_" + Hex(std::array{version});
  for (const TdxModuleIdentity& identity : info.tdx_module_identities) {
    std::string id = identity.id;
    for (char& c : id) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (id == "tdx_" + Hex(std::array{version})) return &identity;
  }
  return MismatchError("the TCB info has no TDX module identity '" + wanted +
                       "'");
}

bool Reaches(ByteSpan svns, ByteSpan level) {
  return std::ranges::equal(svns, level, std::ranges::greater_equal());
}

bool SgxReaches(const PckExtension& pck, const TcbLevel& level) {
  return Reaches(pck.sgx_tcb_comp_svn, level.sgx_tcb_components) &&
         pck.pcesvn >= level.pcesvn;
}

// A module with a major version of its own has levels of its own: the first two
// components are its ISVSVN and that version.
bool TdxReaches(const TdReport& td, const TcbLevel& level) {
  const size_t skipped = td.tee_tcb_svn[1] > 0 ? 2 : 0;
  return Reaches(ByteSpan(td.tee_tcb_svn).subspan(skipped),
                 ByteSpan(level.tdx_tcb_components).subspan(skipped));
}

struct PlatformLevels {
  const TcbLevel* sgx = nullptr;  // ignoring TDX
  const TcbLevel* level = nullptr;
};

Result<PlatformLevels> FindLevels(const TcbInfo& info, const PckExtension& pck,
                                  const TdReport* td) {
  PlatformLevels found;
  for (const TcbLevel& level : info.levels) {
    if (!SgxReaches(pck, level)) continue;
    if (found.sgx == nullptr) found.sgx = &level;
    if (td != nullptr && !TdxReaches(*td, level)) continue;
    found.level = &level;
    return found;
  }
  return MismatchError("the platform is below every level of the TCB info");
}

// ModuleVerdict is UpToDate for modules of version 0: their levels are the
// platform's.
Result<TcbVerdict> ModuleVerdict(const TcbInfo& info, const TdReport& td) {
  const uint8_t isvsvn = td.tee_tcb_svn[0];
  const uint8_t version = td.tee_tcb_svn[1];
  if (version == 0) return TcbVerdict{TcbStatus::kUpToDate, {}};
  TALLY_ASSIGN(const TdxModuleIdentity* identity, FindModule(info, version));
  const IsvSvnLevel* level = FindLevel(identity->levels, isvsvn);
  if (level == nullptr) {
    return MismatchError("the TDX module's ISVSVN " + std::to_string(isvsvn) +
                         " is below every level of " + Quote(identity->id));
  }
  return TcbVerdict{level->status, level->advisories};
}

bool IsOutOfDate(TcbStatus status) {
  return status == TcbStatus::kOutOfDate ||
         status == TcbStatus::kOutOfDateConfigurationNeeded;
}

bool IsConfigurationNeeded(TcbStatus status) {
  return status == TcbStatus::kConfigurationNeeded ||
         status == TcbStatus::kConfigurationAndSwHardeningNeeded ||
         status == TcbStatus::kOutOfDateConfigurationNeeded;
}

// Relaunched is `status`, unless the TDX module was updated under the running
// TD: then its SVNs at launch are old and TEE_TCB_SVN2 is current.
Result<TcbStatus> Relaunched(const TcbInfo& info, const TdReport& td,
                             TcbStatus sgx, TcbStatus module,
                             TcbStatus status) {
  if (!td.version15 || module != TcbStatus::kOutOfDate ||
      !IsOutOfDate(status) || IsOutOfDate(sgx) || sgx == TcbStatus::kRevoked) {
    return status;
  }
  const auto& now = td.version15->tee_tcb_svn2;
  const auto& latest = info.levels.front().tdx_tcb_components;
  uint16_t latest_isvsvn = latest[0];
  if (now[1] > 0) {
    TALLY_ASSIGN(const TdxModuleIdentity* identity, FindModule(info, now[1]));
    latest_isvsvn = identity->levels.front().isvsvn;
  }
  if (now[0] < latest_isvsvn || now[2] < latest[2]) return status;
  return IsConfigurationNeeded(sgx) || IsConfigurationNeeded(status)
             ? TcbStatus::kTdRelaunchAdvisedConfigurationNeeded
             : TcbStatus::kTdRelaunchAdvised;
}

}  // namespace

Result<TcbVerdict> MatchQeIdentity(const QeIdentity& identity,
                                   const SgxReport& qe_report) {
  TALLY_TRY(ExpectNumber("MISCSELECT",
                         qe_report.misc_select & identity.miscselect_mask,
                         identity.miscselect));
  TALLY_TRY(Expect("ATTRIBUTES",
                   Masked(qe_report.attributes, identity.attributes_mask),
                   identity.attributes));
  TALLY_TRY(Expect("MRSIGNER", qe_report.mr_signer, identity.mrsigner));
  TALLY_TRY(
      ExpectNumber("ISVPRODID", qe_report.isv_prod_id, identity.isvprodid));
  const IsvSvnLevel* level = FindLevel(identity.levels, qe_report.isv_svn);
  if (level == nullptr) {
    return MismatchError("ISVSVN " + std::to_string(qe_report.isv_svn) +
                         " is below every level of the QE identity");
  }
  return TcbVerdict{level->status, level->advisories};
}

Status MatchTdxModule(const TcbInfo* info, const TdReport& td) {
  // Of Intel's modules both are zero, "not populated" (sgx_report2.h).
  TdxModuleIdentity expected;
  expected.attributes_mask.fill(0xff);
  if (info != nullptr) {
    if (td.tee_tcb_svn[1] > 0) {
      TALLY_ASSIGN(const TdxModuleIdentity* identity,
                   FindModule(*info, td.tee_tcb_svn[1]));
      expected = *identity;
    } else if (info->tdx_module) {
      expected = *info->tdx_module;
    }
  }
  TALLY_TRY(Expect("MRSIGNERSEAM", td.mr_signer_seam, expected.mrsigner));
  // Bits outside of the mask must be zero.
  std::array<uint8_t, 8> wanted =
      Masked(expected.attributes, expected.attributes_mask);
  return Expect("SEAMATTRIBUTES", td.seam_attributes, wanted);
}

Result<TcbVerdict> MatchTcbLevel(const TcbInfo& info, const PckExtension& pck,
                                 const TdReport* td, const TcbVerdict& qe) {
  TALLY_ASSIGN(const PlatformLevels levels, FindLevels(info, pck, td));
  TcbVerdict verdict;
  verdict.status = levels.level->status;
  Add(levels.level->advisories, &verdict);
  if (td != nullptr) {
    TALLY_ASSIGN(const TcbVerdict module, ModuleVerdict(info, *td));
    Add(module.advisories, &verdict);
    verdict.status = Converge(verdict.status, module.status);
    if (qe.status == TcbStatus::kUpToDate) {
      TALLY_ASSIGN(verdict.status, Relaunched(info, *td, levels.sgx->status,
                                              module.status, verdict.status));
    }
  }
  Add(qe.advisories, &verdict);
  verdict.status = Converge(verdict.status, qe.status);
  return verdict;
}

}  // namespace tally
