#include "attest/dcap_claims.h"

#include <string>

#include "common/text.h"

namespace tally {
namespace {

void AddTcb(EvidenceClaims& claims, std::string_view prefix, ByteSpan svns) {
  for (size_t i = 0; i < svns.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    claims.tcb.push_back(
        {std::string(prefix) + (number.size() == 1 ? "0" : "") + number,
         svns[i]});
  }
}

void AddTd(const TdReport& td, Evidence* evidence) {
  EvidenceClaims& claims = evidence->claims;
  claims.debug = td.debug();
  claims.migration = td.migratable();
  claims.nonce = ToBytes(td.report_data);
  claims.report_data = claims.nonce;
  claims.identities = {{"mrseam", ToBytes(td.mr_seam)},
                       {"mrsignerseam", ToBytes(td.mr_signer_seam)},
                       {"seamattributes", ToBytes(td.seam_attributes)},
                       {"td_attributes", ToBytes(td.td_attributes)},
                       {"xfam", ToBytes(td.xfam)},
                       {"mrconfigid", ToBytes(td.mr_config_id)},
                       {"mrowner", ToBytes(td.mr_owner)},
                       {"mrownerconfig", ToBytes(td.mr_owner_config)}};
  if (td.version15) {
    claims.identities["mrservicetd"] = ToBytes(td.version15->mr_service_td);
  }
  AddTcb(claims, "tdx_tcb_comp_svn_", td.tee_tcb_svn);
  if (td.version15) {
    AddTcb(claims, "tdx_tcb_comp_svn2_", td.version15->tee_tcb_svn2);
  }
  evidence->registers.push_back({"mrtd", "sha384", ToBytes(td.mr_td)});
  for (size_t i = 0; i < td.rt_mr.size(); ++i) {
    evidence->registers.push_back(
        {"rtmr" + std::to_string(i), "sha384", ToBytes(td.rt_mr[i])});
  }
}

// Numbers become bytes with the highest first, as people write them.
Bytes NumberBytes(uint16_t number) {
  return ByteWriter().U16Be(number).bytes();
}

void AddSgx(const SgxReport& sgx, Evidence* evidence) {
  EvidenceClaims& claims = evidence->claims;
  claims.debug = sgx.debug();
  claims.nonce = ToBytes(sgx.report_data);
  claims.report_data = claims.nonce;
  claims.identities = {
      {"isvprodid", NumberBytes(sgx.isv_prod_id)},
      {"isvextprodid", ToBytes(sgx.isv_ext_prod_id)},
      {"isvfamilyid", ToBytes(sgx.isv_family_id)},
      {"configid", ToBytes(sgx.config_id)},
      {"attributes", ToBytes(sgx.attributes)},
      {"miscselect", ByteWriter().U32Be(sgx.misc_select).bytes()}};
  claims.tcb.push_back({"isvsvn", sgx.isv_svn});
  claims.tcb.push_back({"configsvn", sgx.config_svn});
  AddTcb(claims, "cpusvn_", sgx.cpu_svn);
  evidence->registers.push_back(
      {"mrenclave", "sha256", ToBytes(sgx.mr_enclave)});
  evidence->registers.push_back({"mrsigner", "sha256", ToBytes(sgx.mr_signer)});
}

void AddPlatform(const PckExtension& pck, EvidenceClaims& claims) {
  claims.identities["fmspc"] = ToBytes(pck.fmspc);
  claims.identities["pceid"] = ToBytes(pck.pceid);
  claims.identities["ppid"] = ToBytes(pck.ppid);
  if (pck.platform_instance_id) {
    claims.identities["platform_instance_id"] =
        ToBytes(*pck.platform_instance_id);
  }
  AddTcb(claims, "sgx_tcb_comp_svn_", pck.sgx_tcb_comp_svn);
  claims.tcb.push_back({"pcesvn", pck.pcesvn});
}

}  // namespace

Status ExpectTee(const DcapQuote& quote, uint32_t tee_type) {
  if (quote.header.tee_type == tee_type) return Ok();
  return InputError(tee_type == kTeeTypeTdx
                        ? "found a quote of an SGX enclave, expected TDX"
                        : "found a quote of a TD, expected SGX");
}

Evidence DcapEvidence(const DcapQuote& quote,
                      const std::optional<PckExtension>& pck,
                      const std::optional<TcbVerdict>& verdict) {
  Evidence evidence;
  EvidenceClaims& claims = evidence.claims;
  if (const TdReport* td = quote.td(); td != nullptr) {
    evidence.kind = EvidenceKind::kTdxQuote;
    AddTd(*td, &evidence);
  } else {
    evidence.kind = EvidenceKind::kSgxQuote;
    AddSgx(*quote.sgx(), &evidence);
  }
  if (pck) AddPlatform(*pck, claims);
  claims.tcb.push_back({"qe_isvsvn", quote.qe_report.isv_svn});
  claims.tcb_status = verdict ? TcbStatusName(verdict->status) : "unknown";
  if (verdict) claims.advisories = verdict->advisories;
  evidence.summary =
      std::string(quote.td() != nullptr ? "Intel TDX" : "Intel SGX") +
      " quote, version " + std::to_string(quote.header.version) +
      (pck ? ", FMSPC " + Hex(pck->fmspc) : ", no platform") + ", TCB " +
      *claims.tcb_status;
  return evidence;
}

}  // namespace tally
