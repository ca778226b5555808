// Data: hand-written parts of maintainer scripts of Debian 12, as translated by
// people who read them. Sorted by package, script and digest. How to add a row:
// docs/maintainer-scripts.md.
#include "builder/scripts/catalogue.h"

namespace tally {
namespace {

constexpr CatalogueRow kRowsAToK[] = {
    {"acl", "postinst",
     "c3660abe98661f29e6c6db23e5d8e84a2835cd7ee27a59d9f16b95a447006d5e",
     "links in /usr/bin, which are there on a merged /usr", ""},
    {"adduser", "preinst",
     "0817d801941278b3518faea7ca4ad1ffab2d4ce2b42092fe503d6bd18c175d81",
     "renames an unchanged adduser.conf of an older version: upgrades only",
     ""},
    {"apt", "postinst",
     "f2df47640385dd44867d65527e9213af22c247e8d073889d5a2f1972d73198fd",
     "account _apt, which the masters of base-passwd have", ""},
    {"base-files", "postinst",
     "38879534ce17292a5b608aa528416e15af8aefdb14761122ebf1ef71c5c1a94e",
     "directories and links of a new system, copies of the default profile, "
     "motd and info directory; left out: group staff for /usr/local, only "
     "with /etc/staff-group-for-usr-local",
     "tmpfiles L /etc/dpkg/origins/default - - - - debian\n"
     "tmpfiles C /root/.profile 0644 root root - "
     "/usr/share/base-files/dot.profile\n"
     "tmpfiles C /root/.bashrc 0644 root root - "
     "/usr/share/base-files/dot.bashrc\n"
     "tmpfiles C /etc/profile 0644 root root - /usr/share/base-files/profile\n"
     "tmpfiles C /etc/motd 0644 root root - /usr/share/base-files/motd\n"
     "tmpfiles d /mnt 0755 root root -\n"
     "tmpfiles d /srv 0755 root root -\n"
     "tmpfiles d /opt 0755 root root -\n"
     "tmpfiles d /etc/opt 0755 root root -\n"
     "tmpfiles d /var/opt 0755 root root -\n"
     "tmpfiles d /media 0755 root root -\n"
     "tmpfiles d /var/mail 2775 root mail -\n"
     "tmpfiles L /var/spool/mail - - - - ../mail\n"
     "tmpfiles d /run/lock 1777 root root -\n"
     "tmpfiles L+ /var/run - - - - /run\n"
     "tmpfiles L+ /var/lock - - - - /run/lock\n"
     "tmpfiles d /usr/local 0755 root root -\n"
     "tmpfiles d /usr/local/share 0755 root root -\n"
     "tmpfiles d /usr/local/share/man 0755 root root -\n"
     "tmpfiles d /usr/local/bin 0755 root root -\n"
     "tmpfiles d /usr/local/games 0755 root root -\n"
     "tmpfiles d /usr/local/lib 0755 root root -\n"
     "tmpfiles d /usr/local/include 0755 root root -\n"
     "tmpfiles d /usr/local/sbin 0755 root root -\n"
     "tmpfiles d /usr/local/src 0755 root root -\n"
     "tmpfiles d /usr/local/etc 0755 root root -\n"
     "tmpfiles L /usr/local/man - - - - share/man\n"
     "tmpfiles f /var/log/wtmp 0664 root utmp -\n"
     "tmpfiles f /var/log/btmp 0660 root utmp -\n"
     "tmpfiles f /var/log/lastlog 0664 root utmp -\n"
     "tmpfiles C /usr/share/info/dir 0644 root root - "
     "/usr/share/base-files/info.dir\n"},
    {"base-passwd", "postinst",
     "538ebfc0a3f1199c3d1c65446e3dd7f28111f63637b25dc7415afce9d478cd84",
     "copies the master passwd and group: the accounts generator begins with "
     "them; the rest is upgrades only",
     ""},
    {"base-passwd", "preinst",
     "030cf64d0ea8c043e0883e67ae53e305b28afb8a7e35e993d8ff7cdedef2561b",
     "a first passwd and group, replaced by the masters' in postinst", ""},
    {"bash", "postinst",
     "b790b78125423cbf954375c974334df84f7266d70328ccb9087671cb49447865",
     "manual page builtins(7); its lines of /etc/shells come through a file "
     "trigger of debianutils; left out: /bin/sh, which dash ships",
     "alternative /usr/share/man/man7/builtins.7.gz builtins.7.gz "
     "/usr/share/man/man7/bash-builtins.7.gz 10\n"
     "add-shell /bin/bash\n"
     "add-shell /usr/bin/bash\n"
     "add-shell /bin/rbash\n"
     "add-shell /usr/bin/rbash\n"},
    {"bsdextrautils", "preinst",
     "00f46fabffece726cfffa15174e1dcfd8b11a77183cc1d66b28ecc5f321758ed",
     "removes an alternative of an older version: upgrades only", ""},
    {"ca-certificates", "postinst",
     "f31fe2da5e9f94a9aa48c770071a983f7723a022c657dab4e0030cf288d90839",
     "enables every certificate of the package (debconf's default) and makes "
     "/etc/ssl/certs; left out: hooks, and the configuration of "
     "update-ca-certificates",
     "tmpfiles d /usr/local/share/ca-certificates 0755 root root -\n"
     "ca-certificates\n"},
    {"chrony", "postinst",
     "3fd03d39b71ba0f81c3e22dcf11e9e148c65b9aa8452e2fa307fea804ef601e8",
     "account, configuration copied by ucf, owners; left out: ucf's registry, "
     "statoverrides in dpkg's database, DHCP sources of old versions",
     "sysusers u _chrony - \"Chrony daemon\" /var/lib/chrony\n"
     "tmpfiles C /etc/chrony/chrony.conf 0644 root root - "
     "/usr/share/chrony/chrony.conf\n"
     "tmpfiles C /etc/chrony/chrony.keys 0640 root _chrony - "
     "/usr/share/chrony/chrony.keys\n"
     "tmpfiles z /var/lib/chrony 0750 _chrony _chrony -\n"
     "tmpfiles z /var/log/chrony 0750 _chrony _chrony -\n"},
    {"coreutils", "postinst",
     "fed478b4bda5d36c9c4237c020893ae3853502576a458f435324052fd0194806",
     "links /usr/bin/touch, which is there on a merged /usr", ""},
    {"cron", "postinst",
     "c27cd16f711cfa0fb32276a8dcd69d21148efbc2876d9f4858f3600c110139e9",
     "crontab is setgid for the users' tables",
     "tmpfiles z /usr/bin/crontab 2755 root crontab -\n"},
    {"cron-daemon-common", "postinst",
     "6e22e854053297403aee59661851388329aebe6167f1d5b495daea70f2134dbf",
     "group and directory of the users' tables; left out: owners of tables "
     "that are there already",
     "sysusers g crontab -\n"
     "tmpfiles z /var/spool/cron/crontabs 1730 root crontab -\n"},
    {"dash", "postinst",
     "0765df204eadf6dd6c6f2265f66169fbee55e1593ac52f47ab4631cd644031f1",
     "takes /bin/sh over, which the package ships itself; its lines of "
     "/etc/shells come through a file trigger of debianutils; left out: "
     "dpkg's diversions",
     "add-shell /bin/dash\n"
     "add-shell /usr/bin/dash\n"},
    {"dbus", "postinst",
     "183e6e6328685dcf929e0d6e1669330a02970ea836043fcbbc182ac6d2d91735",
     "the launch helper is setuid for the bus; left out: reload and reboot "
     "notices, the statoverride in dpkg's database",
     "tmpfiles z /usr/lib/dbus-1.0/dbus-daemon-launch-helper 4754 root "
     "messagebus -\n"},
    {"dbus-daemon", "postinst",
     "7d282d99c58ad2e128b8e0dfc07f56079ce859dae678494a4903fbba5a4ee9af",
     "directory of the machine id; left out: the id itself, which no image "
     "carries",
     "tmpfiles d /var/lib/dbus 0755 root root -\n"},
    {"dbus-system-bus-common", "postinst",
     "1f74d4301dddf7d052664e4c65788085493eeea1b9ecf5dbb31b56cc6c05b105",
     "account of the bus", "sysusers u messagebus - - /nonexistent\n"},
    {"debconf", "postinst",
     "3197e7f1e8003b7ad20ebbda92124e217d27f4d2a2f6da7556f3c1c7e508fc1c",
     "loads debconf, asks nothing", ""},
    {"debianutils", "postinst",
     "f6abaa697845b42af8f1dc92867ca0990ecf3d9095db337e040fb71088766a73",
     "/etc/shells and the alternative which",
     "add-shell /bin/sh\n"
     "add-shell /usr/bin/sh\n"
     "alternative /usr/bin/which which /usr/bin/which.debianutils 0 slave "
     "/usr/share/man/man1/which.1.gz which.1.gz "
     "/usr/share/man/man1/which.debianutils.1.gz slave "
     "/usr/share/man/de/man1/which.1.gz which.de1.gz "
     "/usr/share/man/de/man1/which.debianutils.1.gz slave "
     "/usr/share/man/es/man1/which.1.gz which.es1.gz "
     "/usr/share/man/es/man1/which.debianutils.1.gz slave "
     "/usr/share/man/fr/man1/which.1.gz which.fr1.gz "
     "/usr/share/man/fr/man1/which.debianutils.1.gz slave "
     "/usr/share/man/it/man1/which.1.gz which.it1.gz "
     "/usr/share/man/it/man1/which.debianutils.1.gz slave "
     "/usr/share/man/ja/man1/which.1.gz which.ja1.gz "
     "/usr/share/man/ja/man1/which.debianutils.1.gz slave "
     "/usr/share/man/pl/man1/which.1.gz which.pl1.gz "
     "/usr/share/man/pl/man1/which.debianutils.1.gz slave "
     "/usr/share/man/sl/man1/which.1.gz which.sl1.gz "
     "/usr/share/man/sl/man1/which.debianutils.1.gz\n"},
    {"dmsetup", "postinst",
     "a95137613a89273cc90fbc2a0fcbb0ece7b59daeea67ecf40b66cb1dc5705982",
     "asks for a new initrd, which tally makes itself", ""},
    {"dpkg", "postinst",
     "b2b35ccff76ca68d9d410f6d7e840cdef8b2041b5fa8869b63a0c6673b943396",
     "moves misplaced files of dpkg's database, warns about merged /usr", ""},
    {"e2fsprogs", "postinst",
     "37a3b0a420be0133738a6d5488cd74128c3748da372ea02fbd2b826541295609",
     "asks for a new initrd, which tally makes itself", ""},
    {"e2fsprogs", "preinst",
     "a5ceb89eb52ae1490b4de762337eb3781e6c5d41bcba64db898b551b628fca15",
     "removes a link of an older version: upgrades only", ""},
    {"init-system-helpers", "postinst",
     "b46200440ced0b39d6867ad1b76c02ead6ecddb8248a7612e12ce49cd8a73be4",
     "undoes a diversion of live images: upgrades only", ""},
    {"iproute2", "postinst",
     "60d03c456e4a3565721187cf21ef0d6b6443129afee609fa51172d2c104c0eba",
     "capabilities for ip only if the debconf question iproute2/setcaps says "
     "so; its default is no",
     ""},
    {"iptables", "postinst",
     "03a4eb149f8b71061d06393f751be3da5a94df8579e686c30fa9db3e786e55ba",
     "alternatives iptables, ip6tables, arptables, ebtables",
     "alternative /usr/sbin/iptables iptables /usr/sbin/iptables-legacy 10 "
     "slave /usr/sbin/iptables-restore iptables-restore "
     "/usr/sbin/iptables-legacy-restore slave /usr/sbin/iptables-save "
     "iptables-save /usr/sbin/iptables-legacy-save\n"
     "alternative /usr/sbin/ip6tables ip6tables /usr/sbin/ip6tables-legacy 10 "
     "slave /usr/sbin/ip6tables-restore ip6tables-restore "
     "/usr/sbin/ip6tables-legacy-restore slave /usr/sbin/ip6tables-save "
     "ip6tables-save /usr/sbin/ip6tables-legacy-save\n"
     "alternative /usr/sbin/iptables iptables /usr/sbin/iptables-nft 20 slave "
     "/usr/sbin/iptables-restore iptables-restore "
     "/usr/sbin/iptables-nft-restore slave /usr/sbin/iptables-save "
     "iptables-save /usr/sbin/iptables-nft-save\n"
     "alternative /usr/sbin/ip6tables ip6tables /usr/sbin/ip6tables-nft 20 "
     "slave /usr/sbin/ip6tables-restore ip6tables-restore "
     "/usr/sbin/ip6tables-nft-restore slave /usr/sbin/ip6tables-save "
     "ip6tables-save /usr/sbin/ip6tables-nft-save\n"
     "alternative /usr/sbin/arptables arptables /usr/sbin/arptables-nft 20 "
     "slave /usr/sbin/arptables-restore arptables-restore "
     "/usr/sbin/arptables-nft-restore slave /usr/sbin/arptables-save "
     "arptables-save /usr/sbin/arptables-nft-save\n"
     "alternative /usr/sbin/ebtables ebtables /usr/sbin/ebtables-nft 20 slave "
     "/usr/sbin/ebtables-restore ebtables-restore "
     "/usr/sbin/ebtables-nft-restore slave /usr/sbin/ebtables-save "
     "ebtables-save /usr/sbin/ebtables-nft-save\n"},
    {"iputils-ping", "postinst",
     "7018e2b6f676c7858d4d919c53ae6b935f41694c0769dbab09af0acae87a940f",
     "ping may open raw sockets; left out: setuid where setcap is missing",
     "capability /usr/bin/ping cap_net_raw=ep\n"},
    {"kbd", "postinst",
     "39c51b6aead6e82abbbd831af982dcab0d5d2d48ac567f842e56ba97f97cac37",
     "links in /usr/bin, which are there on a merged /usr", ""},
    {"kmod", "postinst",
     "77f6a8ebbbe4729db78e570ff012494b86837ac3004383ef49ac61d62ab9817a",
     "an empty list of modules; left out: the comments in it",
     "tmpfiles f /etc/modules 0644 root root -\n"},
    {"less", "postinst",
     "830a9ba1e5fa4fefeb791eb32551e7f4f21d120020667b0dca4a85026c4bd74a",
     "alternative pager",
     "alternative /usr/bin/pager pager /usr/bin/less 77 slave "
     "/usr/share/man/man1/pager.1.gz pager.1.gz "
     "/usr/share/man/man1/less.1.gz\n"},
    {"less", "preinst",
     "82d726b058e43c53c8ad4883153034ab5ce6d6b19eab03abb6127f52c991a89c",
     "removes an alternative of an older version: upgrades only", ""},
};

}  // namespace

std::span<const CatalogueRow> CatalogueAToK() { return kRowsAToK; }

}  // namespace tally
