# The archive with install.sh. Read by ../build.sh, which has set what it uses.

tarball() {
    local name=aip-$version-$triple
    local tree=$scratch/$name level=-9 file=$output/$name.tar.gz
    cp -R "$scratch/stage" "$tree"
    install -m 644 LICENSE README.md CHANGELOG.md "$tree/share/doc/aip/"
    install -m 755 packaging/tarball/uninstall.sh "$tree/libexec/aip/uninstall.sh"
    (cd "$tree" && find bin libexec share -type f -print0 | sort -z | xargs -0 sha256sum) \
        >"$tree/SHA256SUMS"
    install -m 755 packaging/tarball/{install,uninstall}.sh "$tree/"
    level "$tree"
    # What is only tried out need not be small.
    [[ $profile == release && -z $programs_given ]] || level=-1
    tar --create --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
        --mtime="@$SOURCE_DATE_EPOCH" --directory "$scratch" "$name" | gzip "$level" -n >"$file"
    echo "$file"
}
