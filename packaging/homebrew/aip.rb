# A template: `packaging/build.sh source` fills in the address of the source and its SHA-256.
class Aip < Formula
  desc "Policies and approvals for what AI clients ask of MCP servers"
  homepage "https://github.com/openagentidentityprotocol"
  url "@URL@"
  sha256 "@SHA256@"
  license "Apache-2.0"

  depends_on "rust" => :build

  def install
    %w[shim daemon cli].each do |package|
      system "cargo", "install", *std_cargo_args(path: package)
    end
    system bin/"aipctl", "man", man1
    %w[aip aipd aipctl].each do |program|
      {
        "bash" => bash_completion/program,
        "zsh"  => zsh_completion/"_#{program}",
        "fish" => fish_completion/"#{program}.fish",
      }.each do |shell, file|
        file.write Utils.safe_popen_read(bin/"aipctl", "completions", shell, program)
      end
    end
    doc.install "policies"
  end

  def caveats
    <<~EOS
      Put aip in front of what your AI clients start:
        aipctl install --dry-run
      Before `brew uninstall aip` run `aipctl uninstall`: clients can't start servers
      through a program that is gone. `aipctl uninstall --check` tells what is left.
    EOS
  end

  test do
    %w[aip aipd aipctl].each do |program|
      assert_match "#{program} #{version}", shell_output("#{bin}/#{program} --version")
    end
    (testpath/"agent.yaml").write <<~YAML
      apiVersion: aip.io/v1alpha1
      kind: AgentPolicy
      metadata:
        name: test
      spec:
        allowed_tools: [echo]
    YAML
    system bin/"aip", "--policy", testpath/"agent.yaml", "--validate"
    assert_match "Nothing of yours starts aip", shell_output("#{bin}/aipctl uninstall --check 2>&1")
  end
end
