#include "measure/snp_vmsa.h"

#include <algorithm>
#include <iterator>

#include "common/check.h"

namespace tally {
namespace {

// VmmRow is what one virtual machine monitor does differently.
struct VmmRow {
  SnpVmm vmm;
  uint16_t boot_cs_attributes;
  uint16_t ss_attributes;
  uint16_t tr_attributes;
  uint64_t g_pat;
  // Whether rdx holds the virtual processor's signature, as after a reset, or
  // the constant of an early processor.
  bool rdx_is_signature;
  // Whether the host's KVM may copy the FPU control words (see SnpVmsaEra).
  bool fpu_synced;
};

// The PAT register after a reset, AMD 24593, section 7.8.
constexpr uint64_t kResetPat = 0x0007040600070406;

// Sources: sev-snp-measure 8f2b337e, vmsa.py, build_save_area, which states all
// three. QEMU: target/i386/cpu.c, x86_cpu_reset_hold; confirmed by the report
// of real hardware in the vectors (snp/dstack). EC2: sev-snp-measure pull
// request 60, which changed rdx from 0 to 0x600 in 2026 after a comparison with
// a running instance. GCE: gce-tcb-verifier 022f7554, sev/ld_from_ovmf.go,
// VmsaV1.
constexpr VmmRow kVmms[] = {
    {SnpVmm::kQemu, 0x9b, 0x93, 0x8b, kResetPat, true, true},
    {SnpVmm::kEc2, 0x9a, 0x92, 0x83, kResetPat, false, false},
    {SnpVmm::kGce, 0x9b, 0x93, 0x8b, 0x00070106, false, false},
};

const VmmRow& FindRow(SnpVmm vmm) {
  const VmmRow* row = std::ranges::find(kVmms, vmm, &VmmRow::vmm);
  TALLY_CHECK(row != std::end(kVmms));
  return *row;
}

// rdx on EC2 and GCE: family 6, model 0, stepping 0.
constexpr uint64_t kConstantRdx = 0x600;

void WriteSegment(ByteWriter& w, const VmsaSegment& segment) {
  w.U16Le(segment.selector);
  w.U16Le(segment.attributes);
  w.U32Le(segment.limit);
  w.U64Le(segment.base);
}

}  // namespace

Bytes EncodeVmsa(const Vmsa& vmsa) {
  ByteWriter w;
  WriteSegment(w, vmsa.es);    // 0x000 ES
  WriteSegment(w, vmsa.cs);    // 0x010 CS
  WriteSegment(w, vmsa.ss);    // 0x020 SS
  WriteSegment(w, vmsa.ds);    // 0x030 DS
  WriteSegment(w, vmsa.fs);    // 0x040 FS
  WriteSegment(w, vmsa.gs);    // 0x050 GS
  WriteSegment(w, vmsa.gdtr);  // 0x060 GDTR
  WriteSegment(w, vmsa.ldtr);  // 0x070 LDTR
  WriteSegment(w, vmsa.idtr);  // 0x080 IDTR
  WriteSegment(w, vmsa.tr);    // 0x090 TR
  w.ZerosUntil(0x0d0).U64Le(vmsa.efer);
  w.ZerosUntil(0x148).U64Le(vmsa.cr4);
  w.U64Le(vmsa.cr3);     // 0x150
  w.U64Le(vmsa.cr0);     // 0x158
  w.U64Le(vmsa.dr7);     // 0x160
  w.U64Le(vmsa.dr6);     // 0x168
  w.U64Le(vmsa.rflags);  // 0x170
  w.U64Le(vmsa.rip);     // 0x178
  w.ZerosUntil(0x1d8).U64Le(vmsa.rsp);
  w.ZerosUntil(0x1f8).U64Le(vmsa.rax);
  w.ZerosUntil(0x268).U64Le(vmsa.g_pat);
  w.ZerosUntil(0x308).U64Le(vmsa.rcx);
  w.U64Le(vmsa.rdx);  // 0x310
  w.U64Le(vmsa.rbx);  // 0x318
  w.ZerosUntil(0x3b0).U64Le(vmsa.sev_features);
  w.ZerosUntil(0x3e8).U64Le(vmsa.xcr0);
  w.ZerosUntil(0x408).U32Le(vmsa.mxcsr);
  w.ZerosUntil(0x410).U16Le(vmsa.x87_fcw);
  w.ZerosUntil(kVmsaBytes);
  return std::move(w).Take();
}

Vmsa InitialVmsa(const VmsaFacts& facts, uint32_t eip) {
  const VmmRow& row = FindRow(facts.vmm);
  // Real mode after a reset (AMD 24593, table 14-1), with what KVM needs on
  // top.
  const VmsaSegment data{.attributes = 0x93, .limit = 0xffff};
  Vmsa vmsa;
  vmsa.es = data;
  vmsa.cs = {.selector = 0xf000,
             .attributes = eip == kBootEip ? row.boot_cs_attributes
                                           : static_cast<uint16_t>(0x9b),
             .limit = 0xffff,
             .base = eip & 0xffff0000};
  vmsa.ss = {.attributes = row.ss_attributes, .limit = 0xffff};
  vmsa.ds = data;
  vmsa.fs = data;
  vmsa.gs = data;
  vmsa.gdtr = {.limit = 0xffff};
  vmsa.ldtr = {.attributes = 0x82, .limit = 0xffff};
  vmsa.idtr = {.limit = 0xffff};
  vmsa.tr = {.attributes = row.tr_attributes, .limit = 0xffff};
  vmsa.efer = 0x1000;  // SVME, which KVM sets
  vmsa.cr4 = 0x40;     // MCE, which KVM sets
  vmsa.cr0 = 0x10;     // ET
  vmsa.dr7 = 0x400;
  vmsa.dr6 = 0xffff0ff0;
  vmsa.rflags = 0x2;
  vmsa.rip = eip & 0xffff;
  vmsa.g_pat = row.g_pat;
  vmsa.rdx = row.rdx_is_signature ? facts.vcpu_signature : kConstantRdx;
  vmsa.sev_features = facts.guest_features;
  vmsa.xcr0 = 0x1;
  if (row.fpu_synced && facts.era == SnpVmsaEra::kFpuSynced) {
    // Linux 6.10, arch/x86/kvm/svm/sev.c, sev_es_sync_vmsa: copied for guests
    // made with KVM_SEV_INIT2.
    vmsa.mxcsr = 0x1f80;
    vmsa.x87_fcw = 0x37f;
  }
  return vmsa;
}

}  // namespace tally
