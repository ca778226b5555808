#include "measure/initial_vmsa.h"

namespace tally {
namespace {

// kMxcsr and kFcw are the reset values of the FPU control words. Linux 6.10,
// arch/x86/kvm/svm/sev.c, sev_es_sync_vmsa: copied for guests made with
// KVM_SEV_INIT2.
constexpr uint32_t kMxcsr = 0x1f80;
constexpr uint16_t kFcw = 0x37f;

// WithResetState fills in what KVM and every monitor set alike.
Vmsa WithResetState(Vmsa vmsa, const VmsaFacts& facts) {
  vmsa.gdtr = {.limit = 0xffff};
  vmsa.ldtr = {.attributes = 0x82, .limit = 0xffff};
  vmsa.idtr = {.limit = 0xffff};
  vmsa.efer = 0x1000;  // SVME, which KVM sets
  vmsa.cr4 = 0x40;     // MCE, which KVM sets
  vmsa.dr7 = 0x400;
  vmsa.dr6 = 0xffff0ff0;
  vmsa.rflags = 0x2;
  vmsa.sev_features = facts.guest_features;
  vmsa.xcr0 = 0x1;
  return vmsa;
}

}  // namespace

Vmsa InitialVmsa(const VmsaFacts& facts, uint32_t eip) {
  const VmmProfile& profile = ProfileOf(facts.vmm);
  const bool is_first = eip == kBootEip;
  // Real mode after a reset (AMD 24593, table 14-1), with what KVM needs on
  // top.
  const VmsaSegment data{.attributes = 0x93, .limit = 0xffff};
  Vmsa vmsa{.es = data, .ds = data, .fs = data, .gs = data};
  vmsa = WithResetState(vmsa, facts);
  vmsa.cs = {.selector = 0xf000,
             .attributes = is_first ? profile.boot_cs_attributes
                                    : profile.other_cs_attributes,
             .limit = 0xffff,
             .base = eip & 0xffff0000};
  vmsa.ss = {.attributes = profile.ss_attributes, .limit = 0xffff};
  vmsa.tr = {.attributes = profile.tr_attributes, .limit = 0xffff};
  vmsa.cr0 = 0x10;  // ET
  vmsa.rip = eip & 0xffff;
  vmsa.g_pat = profile.g_pat;
  vmsa.rdx = profile.rdx.value_or(facts.vcpu_signature);
  if (profile.fpu_synced && facts.era == SnpVmsaEra::kFpuSynced) {
    vmsa.mxcsr = kMxcsr;
    vmsa.x87_fcw = kFcw;
  }
  return vmsa;
}

// Source: sev-snp-measure 8f2b337e, vmsa.py, VMSA_SVSM. The entry state is that
// of COCONUT-SVSM's fork of QEMU.
Vmsa InitialSvsmVmsa(const VmsaFacts& facts, uint32_t entry) {
  const VmsaSegment data{
      .selector = 16, .attributes = 0xc93, .limit = 0xffffffff};
  Vmsa vmsa{.es = data, .ss = data, .ds = data, .fs = data};
  vmsa = WithResetState(vmsa, facts);
  vmsa.cs = {.selector = 8, .attributes = 0xc9b, .limit = 0xffffffff};
  vmsa.gs = {.attributes = 0x93, .limit = 0xffff};
  vmsa.tr = {.attributes = 0x8b, .limit = 0xffff};
  vmsa.cr0 = 0x11;  // ET, PE
  vmsa.rip = entry;
  vmsa.g_pat = ProfileOf(facts.vmm).g_pat;
  vmsa.rdx = facts.vcpu_signature;
  if (facts.era == SnpVmsaEra::kFpuSynced) {
    // The values that sev-snp-measure publishes have mxcsr but not the x87
    // control word: its source names the field "fcw", which its structure
    // ignores. No attested value is known that tells which is right.
    vmsa.mxcsr = kMxcsr;
  }
  return vmsa;
}

}  // namespace tally
