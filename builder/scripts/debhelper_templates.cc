// Data: debhelper's autoscripts/, which are in the public domain
// (debian/copyright of debhelper), as of 13.11.4 and 13.1; and py3compile's
// from dh-python 5.20230130 (MIT).
#include "builder/scripts/debhelper.h"

namespace tally {
namespace {

constexpr std::string_view kNoManager =
    "no service manager runs while an image is built";
constexpr std::string_view kSysvInit =
    "links in /etc/rc?.d are for sysvinit; the package has a unit as well";
constexpr std::string_view kUpgradesOnly =
    "concerns upgrades from older versions only";

// clang-format off
constexpr DebhelperTemplate kTemplates[] = {
    {"maintscript-helper", "dh_installdeb", BlockEffect::kNothing, kUpgradesOnly,
R"sh(#MAINTSCRIPT#)sh"},
    {"postinst-alternatives", "dh_installalternatives", BlockEffect::kAlternative, "",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ]; then
#ALTERNATIVES#fi
)sh"},
    {"postinst-init", "dh_installinit", BlockEffect::kInitScript, kSysvInit,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -z "${DPKG_ROOT:-}" ] && [ -x "/etc/init.d/#SCRIPT#" ]; then
		update-rc.d #SCRIPT# defaults >/dev/null
		invoke-rc.d #SKIP_NATIVE##SCRIPT# start || #ERROR_HANDLER#
	fi
fi
)sh"},
    {"postinst-init (debhelper 13.1)", "dh_installinit", BlockEffect::kInitScript, kSysvInit,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -x "/etc/init.d/#SCRIPT#" ]; then
		update-rc.d #SCRIPT# defaults >/dev/null
		invoke-rc.d #SKIP_NATIVE##SCRIPT# start || #ERROR_HANDLER#
	fi
fi
)sh"},
    {"postinst-init-nostart", "dh_installinit", BlockEffect::kInitScript, kSysvInit,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -x "/etc/init.d/#SCRIPT#" ]; then
		update-rc.d #SCRIPT# defaults >/dev/null || #ERROR_HANDLER#
	fi
fi
)sh"},
    {"postinst-init-restart", "dh_installinit", BlockEffect::kInitScript, kSysvInit,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -z "${DPKG_ROOT:-}" ] && [ -x "/etc/init.d/#SCRIPT#" ]; then
		update-rc.d #SCRIPT# defaults >/dev/null
		if [ -n "$2" ]; then
			_dh_action=#RESTART_ACTION#
		else
			_dh_action=start
		fi
		invoke-rc.d #SKIP_NATIVE##SCRIPT# $_dh_action || #ERROR_HANDLER#
	fi
fi
)sh"},
    {"postinst-init-restart (debhelper 13.1)", "dh_installinit", BlockEffect::kInitScript, kSysvInit,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -x "/etc/init.d/#SCRIPT#" ]; then
		update-rc.d #SCRIPT# defaults >/dev/null
		if [ -n "$2" ]; then
			_dh_action=#RESTART_ACTION#
		else
			_dh_action=start
		fi
		invoke-rc.d #SKIP_NATIVE##SCRIPT# $_dh_action || #ERROR_HANDLER#
	fi
fi
)sh"},
    {"postinst-init-tmpfiles", "dh_installtmpfiles dh_installinit dh_installsystemd", BlockEffect::kNothing, "every tmpfiles.d file of the image is applied anyway",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -x "$(command -v systemd-tmpfiles)" ]; then
		systemd-tmpfiles ${DPKG_ROOT:+--root="$DPKG_ROOT"} --create #FILES# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-init-tmpfiles (debhelper 13.1)", "dh_installtmpfiles dh_installinit dh_installsystemd", BlockEffect::kNothing, "every tmpfiles.d file of the image is applied anyway",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	# In case this system is running systemd, we need to ensure that all
	# necessary tmpfiles (if any) are created before starting.
	if [ -d /run/systemd/system ] ; then
		systemd-tmpfiles --create #FILES# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-menu", "dh_installmenu", BlockEffect::kNothing, "menus of window managers are not generated",
R"sh(if [ "$1" = "configure" ] && [ -x "`command -v update-menus`" ] && [ -x "$DPKG_ROOT`command -v update-menus`" ]; then
	update-menus
fi
)sh"},
    {"postinst-menu (debhelper 13.1)", "dh_installmenu", BlockEffect::kNothing, "menus of window managers are not generated",
R"sh(if [ "$1" = "configure" ] && [ -x "`which update-menus 2>/dev/null`" ]; then
	update-menus
fi
)sh"},
    {"postinst-modules", "dh_installmodules", BlockEffect::kNothing, "the index of kernel modules is always generated",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -e /boot/System.map-#KERNEL# ]; then
		depmod -a -F /boot/System.map-#KERNEL# #KERNEL# || true
	fi
fi
)sh"},
    {"postinst-py3compile", "dh_python3", BlockEffect::kNothing, "compiled Python files are not reproducible and not needed",
R"sh(if command -v py3compile >/dev/null 2>&1; then
	py3compile -p #PACKAGE# #PYTHON_ARGS#
fi
if command -v pypy3compile >/dev/null 2>&1; then
	pypy3compile -p #PACKAGE# #PYTHON_ARGS# || true
fi
)sh"},
    {"postinst-py3compile (dh_python3)", "dh_python3", BlockEffect::kNothing, "compiled Python files are not reproducible and not needed",
R"sh(if command -v py3compile >/dev/null 2>&1; then
	py3compile -p #PACKAGE# #PYTHON_ARGS#
fi
if command -v pypy3compile >/dev/null 2>&1; then
	pypy3compile -p #PACKAGE# #PYTHON_ARGS# || true
fi

)sh"},
    {"postinst-systemd-dont-enable", "dh_installsystemd dh_systemd_enable", BlockEffect::kNothing, "the package leaves the unit disabled",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if deb-systemd-helper debian-installed #UNITFILE#; then
		# #UNMASK_COMMENT#
		deb-systemd-helper unmask #UNITFILE# >/dev/null || true

		if deb-systemd-helper --quiet was-enabled #UNITFILE#; then
			# Create new symlinks, if any.
			deb-systemd-helper enable #UNITFILE# >/dev/null || true
		fi
	fi

	# Update the statefile to add new symlinks (if any), which need to be cleaned
	# up on purge. Also remove old symlinks.
	deb-systemd-helper update-state #UNITFILE# >/dev/null || true
fi
)sh"},
    {"postinst-systemd-enable", "dh_installsystemd dh_systemd_enable", BlockEffect::kEnable, "",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	# #UNMASK_COMMENT#
	deb-systemd-helper unmask #UNITFILE# >/dev/null || true

	# was-enabled defaults to true, so new installations run enable.
	if deb-systemd-helper --quiet was-enabled #UNITFILE#; then
		# Enables the unit on first installation, creates new
		# symlinks on upgrades if the unit file has changed.
		deb-systemd-helper enable #UNITFILE# >/dev/null || true
	else
		# Update the statefile to add new symlinks (if any), which need to be
		# cleaned up on purge. Also remove old symlinks.
		deb-systemd-helper update-state #UNITFILE# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-systemd-restart", "dh_installsystemd dh_systemd_start", BlockEffect::kStart, kNoManager,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then
			_dh_action=#RESTART_ACTION#
		else
			_dh_action=start
		fi
		deb-systemd-invoke $_dh_action #UNITFILES# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-systemd-restartnostart", "dh_installsystemd dh_systemd_start", BlockEffect::kStart, kNoManager,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then
			deb-systemd-invoke #RESTART_ACTION# #UNITFILES# >/dev/null || true
		fi
	fi
fi
)sh"},
    {"postinst-systemd-restartnostart (debhelper 13.1)", "dh_installsystemd dh_systemd_start", BlockEffect::kStart, kNoManager,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then
			deb-systemd-invoke #RESTART_ACTION# #UNITFILES# >/dev/null || true
		fi
	fi
fi
)sh"},
    {"postinst-systemd-start", "dh_installsystemd dh_systemd_start", BlockEffect::kStart, kNoManager,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		deb-systemd-invoke start #UNITFILES# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-systemd-start (debhelper 13.1)", "dh_installsystemd dh_systemd_start", BlockEffect::kStart, kNoManager,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		deb-systemd-invoke start #UNITFILES# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-systemd-user-dont-enable", "dh_installsystemduser", BlockEffect::kNothing, "the package leaves the unit disabled",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -z "${DPKG_ROOT:-}" ]; then
		if deb-systemd-helper --user debian-installed #UNITFILE# ; then
			# #UNMASK_COMMENT#
			deb-systemd-helper --user unmask #UNITFILE# >/dev/null || true

			if deb-systemd-helper --quiet --user was-enabled #UNITFILE# ; then
				# Create new symlinks, if any.
				deb-systemd-helper --user enable #UNITFILE# >/dev/null || true
			fi
		fi

		# Update the statefile to add new symlinks (if any), which need to be cleaned
		# up on purge. Also remove old symlinks.
		deb-systemd-helper --user update-state #UNITFILE# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-systemd-user-dont-enable (debhelper 13.1)", "dh_installsystemduser", BlockEffect::kNothing, "the package leaves the unit disabled",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if deb-systemd-helper --user debian-installed #UNITFILE# ; then
		# #UNMASK_COMMENT#
		deb-systemd-helper --user unmask #UNITFILE# >/dev/null || true

		if deb-systemd-helper --quiet --user was-enabled #UNITFILE# ; then
			# Create new symlinks, if any.
			deb-systemd-helper --user enable #UNITFILE# >/dev/null || true
		fi
	fi

	# Update the statefile to add new symlinks (if any), which need to be cleaned
	# up on purge. Also remove old symlinks.
	deb-systemd-helper --user update-state #UNITFILE# >/dev/null || true
fi
)sh"},
    {"postinst-systemd-user-enable", "dh_installsystemduser", BlockEffect::kEnableUser, "",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -z "${DPKG_ROOT:-}" ] ; then
		# #UNMASK_COMMENT#
		deb-systemd-helper --user unmask #UNITFILE# >/dev/null || true

		# was-enabled defaults to true, so new installations run enable.
		if deb-systemd-helper --quiet --user was-enabled #UNITFILE# ; then
			# Enables the unit on first installation, creates new
			# symlinks on upgrades if the unit file has changed.
			deb-systemd-helper --user enable #UNITFILE# >/dev/null || true
		else
			# Update the statefile to add new symlinks (if any), which need to be
			# cleaned up on purge. Also remove old symlinks.
			deb-systemd-helper --user update-state #UNITFILE# >/dev/null || true
		fi
	fi
fi
)sh"},
    {"postinst-systemd-user-enable (debhelper 13.1)", "dh_installsystemduser", BlockEffect::kEnableUser, "",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	# #UNMASK_COMMENT#
	deb-systemd-helper --user unmask #UNITFILE# >/dev/null || true

	# was-enabled defaults to true, so new installations run enable.
	if deb-systemd-helper --quiet --user was-enabled #UNITFILE# ; then
		# Enables the unit on first installation, creates new
		# symlinks on upgrades if the unit file has changed.
		deb-systemd-helper --user enable #UNITFILE# >/dev/null || true
	else
		# Update the statefile to add new symlinks (if any), which need to be
		# cleaned up on purge. Also remove old symlinks.
		deb-systemd-helper --user update-state #UNITFILE# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-systemd-user-restart", "dh_installsystemduser", BlockEffect::kNothing, kNoManager,
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
		systemctl --global daemon-reload >/dev/null || true
		deb-systemd-invoke --user restart #UNITFILES# >/dev/null || true
	fi
fi
)sh"},
    {"postinst-sysusers", "dh_installsysusers", BlockEffect::kNothing, "every sysusers.d file of the image is applied anyway",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
   systemd-sysusers ${DPKG_ROOT:+--root="$DPKG_ROOT"} #FILES#
fi
)sh"},
    {"postinst-usrlocal", "dh_usrlocal", BlockEffect::kUsrLocal, "group staff: only with /etc/staff-group-for-usr-local",
R"sh(if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ]; then
(
	default_mode=0755
	default_user=root
	default_group=root
	if [ -e /etc/staff-group-for-usr-local ]; then
		default_mode=02775
		default_group=staff
	fi
	while read line; do
		set -- $line
		dir="$1"; mode="$2"; user="$3"; group="$4"
		if [ "$mode" = "default" ]; then
			mode="$default_mode"
			user="$default_user"
			group="$default_group"
		fi
		if [ ! -e "$dir" ]; then
			if mkdir "$dir" 2>/dev/null; then
				if chown "$user":"$group" "$dir" ; then
					chmod "$mode" "$dir" || true
				fi
			fi
		fi
	done
) << DATA
#DIRECTORIES#DATA
fi
)sh"},
    {"preinst-init-chmod", "dh_installinit", BlockEffect::kNothing, kUpgradesOnly,
R"sh(if [ "$1" = "install" ] && [ -n "$2" ] && [ -e "/etc/init.d/#SCRIPT#" ] ; then
	chmod +x "/etc/init.d/#SCRIPT#" >/dev/null || true
fi
)sh"},
    {"preinst-init-stop", "dh_installinit", BlockEffect::kNothing, kUpgradesOnly,
R"sh(if [ -z "${DPKG_ROOT:-}" ] && [ "$1" = upgrade ] && [ -x "/etc/init.d/#SCRIPT#" ] ; then
	invoke-rc.d #SKIP_NATIVE##SCRIPT# stop || #ERROR_HANDLER#
fi
)sh"},
    {"preinst-systemd-stop", "dh_installsystemd dh_systemd_start", BlockEffect::kNothing, kUpgradesOnly,
R"sh(if [ -z "${DPKG_ROOT:-}" ] && [ "$1" = upgrade ] && [ -d /run/systemd/system ] ; then
	deb-systemd-invoke stop #UNITFILES# >/dev/null || true
fi
)sh"},
};
// clang-format on

constexpr HashedTemplate kHashed[] = {
    {"postinst-apparmor", "dh_apparmor", "profiles are loaded at boot",
     "    APP_PROFILE=\"/etc/apparmor.d/", "\"",
     "d1e458060e8b6e1ebf1f331ace615ea7b1949a2f53e82726231146e73b493a76",
     "tmpfiles f /etc/apparmor.d/local/#HOLE# 0644 root root -\n"},
    {"postinst-nss (libnss-myhostname)", "dh_installnss", "", "", "",
     "acd9080e5a4fde0cbe5fca72e6f33cce958bbaa430484e01e920cd41effd1c2f",
     "nss hosts after=files myhostname\n"},
    {"postinst-nss (libnss-mymachines)", "dh_installnss", "", "", "",
     "cb2e5aa02a4f9a1654af925842b5a114dad90b3a96ce20b5c656b71c2fd80fe3",
     "nss hosts before=resolve,dns mymachines\n"},
    {"postinst-nss (libnss-resolve)", "dh_installnss", "", "", "",
     "86d765b2aa29494408332a48c838b4bd9b0bf01ec971d45c6f588c068bc67822",
     "nss hosts before=dns resolve [!UNAVAIL=return]\n"},
    {"postinst-nss (libnss-systemd)", "dh_installnss", "", "", "",
     "39918a4d762b24be41857e84d3e028ed2d421704a187b18881cbaa420ee8c9be",
     "nss passwd last systemd\nnss group last systemd\n"
     "nss shadow last systemd\nnss gshadow last systemd\n"},
    {"postinst-runit", "dh_runit", "the link in /etc/runit is for runit only",
     "    NAME='",
     "' ENABLE='yes' ONUPGRADE='restart' /lib/runit-helper/runit-helper "
     "postinst \"$@\"",
     "4e1233f6c61875a67d584c40a4345c544c9ca4ee2fda94e0e39d14d3ed333310", ""},
    {"postinst-xmlcatalog (polkitd)", "dh_installxmlcatalogs",
     "the index of XML catalogs is for those who validate documents", "", "",
     "55d5afec8a2a70982a9e8075d598fc41f9ee7abb3f3f9b05c88986b29abef827", ""},
    {"preinst-nss", "dh_installnss", "leaves a mark for postinst", "", "",
     "7ac1e18b7828bc8206b297162933ea2eb0408c726d210ac3e987852ada9df508", ""},
};

}  // namespace

std::span<const DebhelperTemplate> DebhelperTemplates() { return kTemplates; }

std::span<const HashedTemplate> HashedTemplates() { return kHashed; }

}  // namespace tally
