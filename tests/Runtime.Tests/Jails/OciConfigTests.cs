using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;
using Kleene.Build.Runtime.Terminals;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public class OciConfigTests
{
    private static readonly HostFacts Host = new()
    {
        BoundingCapabilities = 0x1ffffffffff,
        OpenFiles = 524288,
        Cgroups = CgroupLayout.Unified,
        CountsSwap = true,
        Architecture = Architecture.X64,
    };

    private static readonly JailUser Superuser = new(0, 0, [], "/root");

    private static readonly JailSpec Least = new()
    {
        Id = "a1b2c3d4e5f6",
        Root = "/var/lib/kleene/trees/a tree",
        Process = new JailProcess { Argv = ["/bin/sh", "-c", "echo \"$HOME\" 'x'"], Environment = ["PATH=/bin", "A=ü=\t$B"] },
    };

    [Fact]
    public void A_jail_that_asks_for_nothing_gets_least() =>
        Matches("least.approved.json", Config(Least, SeccompForm.Compiled, withoutFilter: true));

    [Fact]
    public void A_jail_that_asks_for_everything_gets_what_it_asked()
    {
        var spec = Least with
        {
            Hostname = "web",
            Network = JailNetwork.Host,
            ReadOnlyRoot = true,
            Limits = new JailLimits(MemoryBytes: 64 << 20, Cpus: 1.5, Processes: 50),
            Mounts = [new JailMount("/srv/a b", "/data"), new JailMount("/etc/machine-id", "/etc/machine-id", ReadOnly: true)],
            Process = Least.Process with { WorkingDirectory = "/srv", Terminal = true },
        };

        var config = new OciConfig(Host, SeccompForm.Compiled).Write(spec, new JailUser(1000, 1001, [4, 27], "/home/u"), new WindowSize(Rows: 24, Columns: 80), "/run/kleene/b");

        Matches("all.approved.json", WithoutFilter(config));
    }

    [Fact]
    public void Memory_files_and_secrets_are_written_in_their_order()
    {
        var spec = Least with
        {
            Mounts = [JailMount.Memory("/t", 65536), JailMount.Memory("/u", null) with { ReadOnly = true }],
            Files = [new JailFile("/run/secrets/a b", new byte[] { 1 }, 0x100, default), new JailFile("/bin/tool", new byte[] { 1 }, 0x1ed, default)],
            Ulimits = [new JailUlimit("nofile", 10, 20), new JailUlimit("core", null, null)],
            Process = Least.Process with { SecretEnvironment = ["TOKEN=t"] },
        };

        Matches("files.approved.json", Config(spec, SeccompForm.Compiled, withoutFilter: true));
    }

    [Fact]
    public void A_privileged_jail_is_not_fenced_in() =>
        Matches("privileged.approved.json", Config(Least with { IsPrivileged = true }, SeccompForm.Compiled, withoutFilter: false));

    [Fact]
    public void A_runtime_that_takes_no_compiled_filter_gets_a_list() =>
        Matches("listed.approved.json", Config(Least, SeccompForm.Listed));

    [Fact]
    public void A_capability_that_the_host_lacks_is_not_asked_for()
    {
        var host = Host with { BoundingCapabilities = 0b1001 };

        using var config = JsonDocument.Parse(new OciConfig(host, SeccompForm.Compiled).Write(Least, Superuser, null, "/b"));

        var bounding = config.RootElement.GetProperty("process").GetProperty("capabilities").GetProperty("bounding");
        Assert.Equal(["CAP_CHOWN", "CAP_FOWNER"], bounding.EnumerateArray().Select(name => name.GetString()!));
    }

    [Fact]
    public void Open_files_are_never_raised_above_the_hosts_limit()
    {
        var host = Host with { OpenFiles = 256 };

        using var config = JsonDocument.Parse(new OciConfig(host, SeccompForm.Compiled).Write(Least, Superuser, null, "/b"));

        var limit = config.RootElement.GetProperty("process").GetProperty("rlimits")[0];
        Assert.Equal((256ul, 256ul), (limit.GetProperty("soft").GetUInt64(), limit.GetProperty("hard").GetUInt64()));
    }

    [Fact]
    public void Swap_is_left_alone_where_the_kernel_does_not_count_it()
    {
        var spec = Least with { Limits = new JailLimits(MemoryBytes: 1 << 20) };

        using var config = JsonDocument.Parse(new OciConfig(Host with { CountsSwap = false }, SeccompForm.Compiled).Write(spec, Superuser, null, "/b"));

        Assert.False(config.RootElement.GetProperty("linux").GetProperty("resources").GetProperty("memory").TryGetProperty("swap", out _));
    }

    private static string Config(JailSpec spec, SeccompForm form, bool withoutFilter = false)
    {
        var config = new OciConfig(Host, form).Write(spec, Superuser, null, "/run/kleene/bundles/a1b2c3d4e5f6");
        return withoutFilter ? WithoutFilter(config) : Indented(config);
    }

    /// <summary>The filter has tests of its own, and is no text to read.</summary>
    private static string WithoutFilter(byte[] config) =>
        Indented(config).Replace(SeccompFilter.For(Architecture.X64).Base64, "(filter)", StringComparison.Ordinal);

    private static string Indented(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            document.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

    private static void Matches(string name, string actual, [CallerFilePath] string here = "")
    {
        var path = Path.Join(Path.GetDirectoryName(here), "testdata", name);
        if (Environment.GetEnvironmentVariable("KLEENE_APPROVE") == "1")
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }
}
