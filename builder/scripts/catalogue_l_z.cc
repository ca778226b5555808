// Data: hand-written parts of maintainer scripts of Debian 12, as translated by
// people who read them. Sorted by package, script and digest. How to add a row:
// docs/maintainer-scripts.md.
#include "builder/scripts/catalogue.h"

namespace tally {
namespace {

constexpr CatalogueRow kRowsLToZ[] = {
    {"libc-bin", "postinst",
     "9ab2635150453963524c8e3200a72074848241b0645931533d9afed352de00c5",
     "default nsswitch.conf; the cache of libraries",
     "tmpfiles C /etc/nsswitch.conf 0644 root root - "
     "/usr/share/libc-bin/nsswitch.conf\n"
     "ldconfig\n"},
    {"libc6", "postinst",
     "ecac21e7b1365f2b66967805b1e8f30c6c11c69b91f6bcb1aa89d51580a03267",
     "restarts services and init after an upgrade, removes a mark of preinst",
     ""},
    {"libc6", "preinst",
     "81f35724ae81553f4a319e194fb2f9d111f49ff0f22b01d51a254e02adabcd08",
     "checks the running kernel; upgrades; the link /lib64, which the "
     "merged-/usr links have",
     ""},
    {"libc6", "preinst",
     "f2c84f28e2df33e152433f6b3990d94ffcc0062d50fa51847ef19ab9440ec265",
     "arm64: checks the running kernel; upgrades; the link /lib, which the "
     "merged-/usr links have",
     ""},
    {"libgcrypt20", "postinst",
     "902fbe7f9f3e5f4082a1248f5bfc3d05fac27bf02f5efdd0bba1c18af11d816a",
     "removes stale libraries: upgrades only", ""},
    {"libgssapi-krb5-2", "postinst",
     "2e604755b4e2111c8c56a9f3d993905fefa3d6f2eb4d0bd1a849cadbcf36ea60",
     "moves a configuration file: upgrades only", ""},
    {"libpam-modules", "postinst",
     "36debe0a6ae628dcdd9e9eecb837242601e871fcb005e13ccdb80aa9b0463dc8",
     "empty files for pam_unix and pam_env",
     "tmpfiles f /etc/security/opasswd 0600 root root -\n"
     "tmpfiles f /etc/environment 0644 root root -\n"},
    {"libpam-modules", "preinst",
     "40358e7fdedd9c93a41e9ddd8b8bad9541b8c38cd2219552aa19f57a9c1e39a1",
     "asks to stop screen savers: upgrades only", ""},
    {"libpam-runtime", "postinst",
     "09eb0272ef5ce2ab54d0b4bde6e79428b9fd94b51e54c393915aa2a76880f1e8",
     "/etc/pam.d/common-*", "pam-auth-update\n"},
    {"libpam-systemd", "postinst",
     "398e3fdeebca7fee427692c31f2d3c42c8a70845880759f179517a67ee72d1a2",
     "/etc/pam.d/common-*", "pam-auth-update\n"},
    {"libpam0g", "postinst",
     "ca7b23cc22dd09e9ac825a4551c49f03e57dbbc2df53d94ea5531534e18b0d3d",
     "restarts services: upgrades only", ""},
    {"libpython3.11-minimal", "postinst",
     "0e358dae9c19280bf8d03d51049c0a45477f531e0896135dd02cf3fd91247ead",
     "prints a comment", ""},
    {"libwrap0", "postinst",
     "f13f13da409cf515fc85746746387d527cf324406ff82127031d72b4c97beb18",
     "empty access lists; left out: the comments in them",
     "tmpfiles f /etc/hosts.allow 0644 root root -\n"
     "tmpfiles f /etc/hosts.deny 0644 root root -\n"},
    {"locales", "postinst",
     "1564ede15130e6a8916e8b51339c55a3ab44840f7f852242169f11d887b769f4",
     "list of locales to compile, of which debconf's default chooses none: "
     "left out; C.UTF-8 is in libc-bin, and the manifest may say the locale",
     ""},
    {"login", "postinst",
     "be2807ab7814232759096e97e0fc58b2848196bf9ae8a5df1bdf618b66c486d6",
     "empty files",
     "tmpfiles f /var/log/faillog 0644 root root -\n"
     "tmpfiles f /etc/subuid 0644 root root -\n"
     "tmpfiles f /etc/subgid 0644 root root -\n"},
    {"nano", "postinst",
     "e6a75eada482fc9f111f653e5b39512a026887018a9499cc9b439f30521d5157",
     "alternatives editor and pico",
     "alternative /usr/bin/editor editor /bin/nano 40 slave "
     "/usr/share/man/man1/editor.1.gz editor.1.gz "
     "/usr/share/man/man1/nano.1.gz\n"
     "alternative /usr/bin/pico pico /bin/nano 10 slave "
     "/usr/share/man/man1/pico.1.gz pico.1.gz /usr/share/man/man1/nano.1.gz\n"},
    {"netbase", "postinst",
     "f8cd071d85586e0c51f7464b6bfb2d041d3c69b33eceb0dfede0527d46f30e91",
     "/etc/networks; left out: /etc/hosts, which the identity generator makes",
     "tmpfiles f /etc/networks 0644 root root - "
     "default\\t\\t0.0.0.0\\nloopback\\t127.0.0.0\\nlink-local\\t169.254.0."
     "0\\n\\n\n"},
    {"netcat-openbsd", "postinst",
     "cf53f68f9b2f59a0ed7d8942916af6d7b450a6e49f4908123437ea7c0a6ef6a9",
     "alternative nc",
     "alternative /bin/nc nc /bin/nc.openbsd 50 slave /bin/netcat netcat "
     "/bin/nc.openbsd slave /usr/share/man/man1/nc.1.gz nc.1.gz "
     "/usr/share/man/man1/nc_openbsd.1.gz slave "
     "/usr/share/man/man1/netcat.1.gz netcat.1.gz "
     "/usr/share/man/man1/nc_openbsd.1.gz\n"},
    {"openssh-client", "postinst",
     "b06995364c60cc8973c779f0c8dc4ff60b7087abe231605136949dd5a6973ea6",
     "ssh-agent is setgid, so that others cannot trace it; left out: an old "
     "group and old alternatives",
     "sysusers g _ssh -\n"
     "tmpfiles z /usr/bin/ssh-agent 2755 root _ssh -\n"},
    {"openssh-server", "postinst",
     "7b482631fa8425446d3885bdafe4ba5aa15cdde693793da16db99227811a4643",
     "account and configuration, as debconf's defaults leave it; left out: "
     "host keys, which no image carries (ssh-keygen -A makes them on the "
     "machine), ucf's registry, upgrades",
     "sysusers u sshd -:nogroup - /run/sshd\n"
     "tmpfiles C /etc/ssh/sshd_config 0644 root root - "
     "/usr/share/openssh/sshd_config\n"},
    {"openssl", "postinst",
     "8763aa28b94a513f1fd98620552084906b64e15c98ca32a28e5ec9b3356f6427",
     "a link, in place of which the package ships a directory", ""},
    {"passwd", "postinst",
     "997da5603fe93308b6073eabab0466955f371eaa2895e58646f6e46fc73097f1",
     "group shadow, which the masters of base-passwd have; shadow files, "
     "which the accounts generator makes",
     ""},
    {"polkitd", "postinst",
     "a63579e1855b094e47ae4814035027f63a9ccc1030df28d71aa54ac7f87f801f",
     "owners of rules and state, setuid agent; the account comes from its "
     "sysusers.d file; left out: upgrades, start",
     "tmpfiles z /etc/polkit-1/rules.d 0700 polkitd root -\n"
     "tmpfiles z /usr/share/polkit-1/rules.d 0700 polkitd root -\n"
     "tmpfiles z /var/lib/polkit-1 0700 polkitd root -\n"
     "tmpfiles z /usr/lib/polkit-1/polkit-agent-helper-1 4755 root root -\n"},
    {"procps", "postinst",
     "b414bccf8d030a6a98291570407790425355000bf6891dcb1901cb0ae379b996",
     "removes files of old versions; alternatives for programs of names that "
     "the package no longer has",
     ""},
    {"python3-minimal", "postinst",
     "00f60d99257dc0b484171d9be5d614d2d147f43e602aa4c6e4a28e1e61d6cc0f",
     "compiles Python files: left out, not reproducible and not needed", ""},
    {"python3.11-minimal", "postinst",
     "83081b5e9cd0ed5837f0af9f69aea52ab96dcb2f5805f3ae045f0736b1ff4648",
     "directories for local modules; left out: compiled Python files, "
     "binfmt-support's registry",
     "tmpfiles d /usr/local/lib/python3.11 0755 root root -\n"
     "tmpfiles d /usr/local/lib/python3.11/dist-packages 0755 root root -\n"},
    {"python3.11-minimal", "preinst",
     "bc5048b92275116149678d075da7038db347e6e1f2b7d6a9b7dd7aec7cf17b99",
     "leaves a mark for hooks that compile Python files", ""},
    {"sudo", "postinst",
     "418e8935cd4b26b5372b86a2591f3e01f274c618dfb41d7836b4cb9500a8b6f5",
     "mode of sudoers; left out: files of old versions",
     "tmpfiles z /etc/sudoers 0440 root root -\n"},
    {"sudo", "preinst",
     "aedba272ddfdd988fedc7cf036163f7c022fe9ff82fb517a79c5fa54e4c8c637",
     "renames an unchanged sudoers of an older version: upgrades only", ""},
    {"systemd", "postinst",
     "792181e14de303fab57eb2fe38c07e49017eaf668c01550111494aee7b07c9ac",
     "units that are enabled on new systems, persistent journal; left out: "
     "machine id (identity generator), the binary message catalog, restarts",
     "enable getty@tty1.service\n"
     "enable remote-fs.target\n"
     "enable systemd-pstore.service\n"
     "tmpfiles d /var/log/journal 0755 root root -\n"},
    {"systemd", "preinst",
     "40450ffa7f8b48cb34eca6772c42d77bfb98354102d019f081dbfd38265f2ebd",
     "stops a service that moved to another package: upgrades only", ""},
    {"systemd-resolved", "postinst",
     "ba97b1eefb263cb09136f1a91e146c8d1f9aef27e60874aea23d964b1799026c",
     "resolv.conf of the stub resolver; left out: configuration kept from an "
     "older version",
     "tmpfiles L /etc/resolv.conf - - - - "
     "../run/systemd/resolve/stub-resolv.conf\n"},
    {"systemd-sysv", "postinst",
     "4d7cfbe3f62b31984af8172f8cdd6e8098bdab0806118e702f2ddbe83db00fe9",
     "updates GRUB's menu, if there is one: no image has GRUB", ""},
    {"systemd-timesyncd", "postinst",
     "6f6ea69044a4dc49e64b377f6c6e5b3780932cbacdb715748d3b0de63319b7cf",
     "configuration kept from an older version: upgrades only", ""},
    {"tar", "postinst",
     "14715583d6154efecc9c455105ab2c11cb09a3a95538f6ac40be390da6228a11",
     "alternative rmt",
     "alternative /usr/sbin/rmt rmt /usr/sbin/rmt-tar 50 slave "
     "/usr/share/man/man8/rmt.8.gz rmt.8.gz "
     "/usr/share/man/man8/rmt-tar.8.gz\n"},
    {"tcpdump", "postinst",
     "88de99d2f769228ebdd1404ebfe24af8f253535374ed84beb029b6152342c2e8",
     "account; left out: a profile of an older version",
     "sysusers g tcpdump -\n"
     "sysusers u tcpdump -:tcpdump - /nonexistent\n"},
    {"tzdata", "postinst",
     "c8281c4c6159c29ee2e464149f1333048dc3612ac0c3225b48d8397cfcb4ba94",
     "/etc/localtime and /etc/timezone, which the identity generator makes",
     ""},
    {"ucf", "postinst",
     "a09bef5c8897b945317e55ac2df7ae874b870cce9ab67a210e828ef3b72a2b50",
     "ucf's registry: no image needs it", ""},
    {"ucf", "preinst",
     "e52f499127ceba15888acf0085bf30aa33287be9bb3676ea12ab83cfaa17b8e5",
     "ucf's registry: no image needs it", ""},
    {"udev", "postinst",
     "d949f1abafa24093e371e60bf1048c46bb4c47155c306aa0e3a1c4fcb7d713ae",
     "groups of udev's rules; left out: the binary hardware database, start "
     "of udev",
     "sysusers g input -\n"
     "sysusers g sgx -\n"
     "sysusers g kvm -\n"
     "sysusers g render -\n"},
    {"usr-is-merged", "postinst",
     "d5da765861e68810b556a06f7e882cdae343b2212d7c7b9671da9341cb587dc2",
     "removes empty directories of older conversions", ""},
    {"usr-is-merged", "preinst",
     "8590de798bce98d9b166a2ccc3f7e4f671e9b1f89aa54fe1e444e78d9cbed0d4",
     "checks that /usr is merged, which every image is", ""},
    {"util-linux", "postinst",
     "b0cfe2f9b4e6cbc39261b78330b2bb6819dbf6e824c2c05d1d9326b097191509",
     "alternative pager",
     "alternative /usr/bin/pager pager /bin/more 50 slave "
     "/usr/share/man/man1/pager.1.gz pager.1.gz "
     "/usr/share/man/man1/more.1.gz\n"},
    {"uuid-runtime", "postinst",
     "b17de3c750a278026c882dd68ce3cff01ea52d01cc11f92021d5c35dd89f6527",
     "account and state directory of uuidd",
     "sysusers g uuidd -\n"
     "sysusers u uuidd -:uuidd - /run/uuidd\n"
     "tmpfiles z /var/lib/libuuid 2775 uuidd uuidd -\n"},
    {"xz-utils", "postinst",
     "e145857bd9c7fba21ce28a88c6141809258248f2a4a3cbcfa27c036fec46dc8b",
     "alternative lzma",
     "alternative /usr/bin/lzma lzma /usr/bin/xz 20 slave "
     "/usr/share/man/man1/lzma.1.gz lzma.1.gz /usr/share/man/man1/xz.1.gz "
     "slave /usr/bin/unlzma unlzma /usr/bin/unxz slave "
     "/usr/share/man/man1/unlzma.1.gz unlzma.1.gz "
     "/usr/share/man/man1/unxz.1.gz slave /usr/bin/lzcat lzcat /usr/bin/xzcat "
     "slave /usr/share/man/man1/lzcat.1.gz lzcat.1.gz "
     "/usr/share/man/man1/xzcat.1.gz slave /usr/bin/lzmore lzmore "
     "/usr/bin/xzmore slave /usr/share/man/man1/lzmore.1.gz lzmore.1.gz "
     "/usr/share/man/man1/xzmore.1.gz slave /usr/bin/lzless lzless "
     "/usr/bin/xzless slave /usr/share/man/man1/lzless.1.gz lzless.1.gz "
     "/usr/share/man/man1/xzless.1.gz slave /usr/bin/lzdiff lzdiff "
     "/usr/bin/xzdiff slave /usr/share/man/man1/lzdiff.1.gz lzdiff.1.gz "
     "/usr/share/man/man1/xzdiff.1.gz slave /usr/bin/lzcmp lzcmp "
     "/usr/bin/xzcmp slave /usr/share/man/man1/lzcmp.1.gz lzcmp.1.gz "
     "/usr/share/man/man1/xzcmp.1.gz slave /usr/bin/lzgrep lzgrep "
     "/usr/bin/xzgrep slave /usr/share/man/man1/lzgrep.1.gz lzgrep.1.gz "
     "/usr/share/man/man1/xzgrep.1.gz slave /usr/bin/lzegrep lzegrep "
     "/usr/bin/xzegrep slave /usr/share/man/man1/lzegrep.1.gz lzegrep.1.gz "
     "/usr/share/man/man1/xzegrep.1.gz slave /usr/bin/lzfgrep lzfgrep "
     "/usr/bin/xzfgrep slave /usr/share/man/man1/lzfgrep.1.gz lzfgrep.1.gz "
     "/usr/share/man/man1/xzfgrep.1.gz\n"},
};

}  // namespace

std::span<const CatalogueRow> CatalogueLToZ() { return kRowsLToZ; }

}  // namespace tally
