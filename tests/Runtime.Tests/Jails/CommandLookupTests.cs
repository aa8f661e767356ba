using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public sealed class CommandLookupTests : IDisposable
{
    private const string SearchPath = "/usr/bin:/bin:tools";

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string root = Directory.CreateTempSubdirectory("kleene lookup ").FullName;

    public CommandLookupTests()
    {
        Write("bin/sh", [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, .. new byte[11], 62, 0]);
        Write("bin/python3", "#!/bin/sh\n"u8.ToArray());
        Write("work/tools/mine", "#! /bin/sh -e\r\n"u8.ToArray());
        Write("bin/script", "#!/usr/bin/bash\necho"u8.ToArray());
        Write("bin/text", "echo hello\n"u8.ToArray());
        Write("bin/empty", []);
        Write("bin/dynamic", Elf(machine: 62, "/lib64/ld-linux-x86-64.so.2"));
        Write("bin/arm", Elf(machine: 183, "/lib/ld-linux-aarch64.so.1"));
        Write("bin/plain", "#!/bin/sh\n"u8.ToArray());
        File.SetUnixFileMode(Path.Join(root, "bin/plain"), UnixFileMode.UserRead);
        File.CreateSymbolicLink(Path.Join(root, "usr"), "/.");
        File.CreateSymbolicLink(Path.Join(root, "bin/out"), "/../../../../../../../../bin/ls");
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("/bin/sh")]
    [InlineData("/usr/bin/sh")]
    [InlineData("../bin/sh")]
    [InlineData("mine")]
    [InlineData("./tools/mine")]
    [InlineData("/data/anything")]
    public void What_can_be_started_is(string command) => Check(command);

    [Theory]
    [InlineData("pyton3", 127, "'pyton3' is not in any directory of the image's PATH (/usr/bin:/bin:tools); did you mean 'python3'?")]
    [InlineData("", 127, "'' is not in any directory of the image's PATH (/usr/bin:/bin:tools)")]
    [InlineData("make -j", 127, "'make -j' is not in any directory of the image's PATH (/usr/bin:/bin:tools)")]
    [InlineData("/bin/shh", 127, "'/bin/shh' is not in the image; did you mean '/bin/sh'?")]
    [InlineData("/bin/out", 127, "'/bin/out' is not in the image")]
    [InlineData("/bin/script", 127, "'/bin/script' needs '/usr/bin/bash', which is not in the image: its interpreter")]
    [InlineData("dynamic", 127, "'/usr/bin/dynamic' needs '/lib64/ld-linux-x86-64.so.2', which is not in the image: its loader (is it built for another C library?)")]
    [InlineData("/bin", 126, "'/bin' is a directory")]
    [InlineData("/bin/plain", 126, "'/bin/plain' is not executable (chmod +x)")]
    [InlineData("/bin/text", 126, "'/bin/text' is neither a binary nor a script that begins with '#!' and its interpreter")]
    [InlineData("/bin/empty", 126, "'/bin/empty' is neither a binary nor a script that begins with '#!' and its interpreter")]
    [InlineData("/bin/arm", 126, "'/bin/arm' is built for another kind of processor than this machine's")]
    public void What_cannot_be_started_says_why(string command, int exitCode, string message)
    {
        var error = Assert.Throws<JailStartException>(() => Check(command));

        Assert.Equal((exitCode, message), (error.ExitCode, error.Message));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    /// <summary>The smallest header that names a loader.</summary>
    private static byte[] Elf(byte machine, string loader)
    {
        var bytes = new byte[64 + 56 + loader.Length + 1];
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(bytes);
        bytes[18] = machine;
        bytes[32] = 64;
        bytes[56] = 1;
        bytes[64] = 3;
        bytes[64 + 8] = 120;
        bytes[64 + 32] = (byte)(loader.Length + 1);
        System.Text.Encoding.ASCII.GetBytes(loader).CopyTo(bytes, 120);
        return bytes;
    }

    private void Check(string command)
    {
        using var tree = RootedDirectory.Open(root);
        CommandLookup.Check(tree, new JailProcess { Argv = [command, "arg"], WorkingDirectory = "/work" }, SearchPath, ["/data"]);
    }

    private void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(root, path))!);
        File.WriteAllBytes(Path.Join(root, path), content);
        File.SetUnixFileMode(Path.Join(root, path), Executable);
    }
}
