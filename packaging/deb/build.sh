# The .deb, by dpkg-deb. Read by ../build.sh, which has set what it uses.

deb_arch() {
    case ${triple%%-*} in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    armv7) echo armhf ;;
    i686) echo i386 ;;
    riscv64gc) echo riscv64 ;;
    powerpc64le) echo ppc64el ;;
    s390x) echo s390x ;;
    *) fail "no Debian architecture is known for \`$triple\`; add it to packaging/deb/build.sh" ;;
    esac
}

# deb_depends PROGRAM...: the packages of the libraries they are linked with.
deb_depends() {
    local library glibc
    for library in $(readelf -d "$@" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort -u); do
        case $library in
        libc.so.6 | libm.so.6 | ld-linux*.so.* | libgcc_s.so.1) ;;
        *) fail "the programs need \`$library\`; name its package in packaging/deb/build.sh" ;;
        esac
    done
    glibc=$(objdump -T "$@" | grep -o 'GLIBC_[0-9][0-9.]*' | sort -uV | tail -n 1)
    echo "libc6 (>= ${glibc#GLIBC_}), libgcc-s1"
}

# deb_control TREE: what dpkg is told of it.
deb_control() {
    local tree=$1
    cat <<TEXT
Package: aip
Version: $deb_version
Section: utils
Priority: optional
Architecture: $(deb_arch)
Maintainer: $maintainer
Installed-Size: $(du -sk --apparent-size "$tree/usr" | cut -f 1)
Depends: $(deb_depends "$tree"/usr/bin/*)
Suggests: zenity | kdialog, polkitd, logrotate
Description: policies and approvals for what AI clients ask of MCP servers
 AI clients start MCP servers and let the model call their tools. aip stands
 between: the client starts it in the server's place, and every message, in
 both directions, is judged by a policy, recorded before it takes effect and,
 where the policy says so, put to a person.
 .
 Nothing of it runs as root. Each user puts it in front of their own clients'
 servers with "aipctl install" and takes it away with "aipctl uninstall".
TEXT
}

deb_changelog() {
    cat <<TEXT
aip ($deb_version) unstable; urgency=medium

  * Version $version; changelog.gz says what has changed in it.

 -- $maintainer  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
TEXT
}

deb_docs() {
    local doc=$1/usr/share/doc/aip
    install -m 644 packaging/deb/copyright "$doc/copyright"
    gzip -9n "$doc/THIRD-PARTY"
    gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
    deb_changelog | gzip -9n >"$doc/changelog.Debian.gz"
    gzip -9n "$1"/usr/share/man/man1/*
    install -D -m 644 packaging/deb/lintian-overrides "$1/usr/share/lintian/overrides/aip"
}

# The user's service manager finds these; none is enabled.
deb_units() {
    local units=$1/usr/lib/systemd/user
    install -D -m 644 systemd/aipd.socket "$units/aipd.socket"
    sed -e 's|^ExecStart=%h/.local/bin/aipd$|ExecStart=/usr/bin/aipd|' systemd/aipd.service \
        >"$units/aipd.service"
    grep -qx 'ExecStart=/usr/bin/aipd' "$units/aipd.service" ||
        fail "systemd/aipd.service has no \`ExecStart=%h/.local/bin/aipd\` any more"
}

deb() {
    local tree=$scratch/deb compression=(-Zxz) file
    for tool in dpkg-deb readelf objdump; do
        command -v "$tool" >/dev/null || fail "\`$tool\` is not installed, and a .deb needs it"
    done
    deb_version=$(sed 's/-/~/' <<<"$version")-1
    maintainer="${DEBFULLNAME:-$(git log -1 --format=%an)} <${DEBEMAIL:-$(git log -1 --format=%ae)}>"
    mkdir "$tree"
    cp -R "$scratch/stage" "$tree/usr"
    mv "$tree/usr/share/zsh/site-functions" "$tree/usr/share/zsh/vendor-completions"
    deb_docs "$tree"
    deb_units "$tree"
    install -d "$tree/DEBIAN"
    install -m 755 packaging/deb/postinst packaging/deb/prerm "$tree/DEBIAN/"
    (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    deb_control "$tree" >"$tree/DEBIAN/control"
    level "$tree"
    # What is only tried out need not be small.
    [[ $profile == release && -z $programs_given ]] || compression=(-Zgzip -z1)
    file=$output/aip_${deb_version}_$(deb_arch).deb
    dpkg-deb --root-owner-group "${compression[@]}" --build "$tree" "$file" >/dev/null
    echo "$file"
}
