# The source of the last commit and a Homebrew formula that builds it. Read by ../build.sh, which
# has set what it uses.

source_and_formula() {
    local file=$output/aip-$version.tar.gz sum
    [[ -z $(git status --porcelain --untracked-files=no) ]] ||
        echo "build.sh: warning: the source is the last commit's, without what is not committed" >&2
    git archive --format=tar --prefix="aip-$version/" HEAD | gzip -9n >"$file"
    sum=$(sha256sum <"$file")
    local address=${url:-file://$file}
    sed -e 1d -e "s|@URL@|${address//|/%7C}|" -e "s|@SHA256@|${sum%% *}|" packaging/homebrew/aip.rb >"$output/aip.rb"
    printf '%s\n' "$file" "$output/aip.rb"
}
