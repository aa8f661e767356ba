using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Processes;
using Xunit;

namespace Kleene.Build.Testing.Jails;

/// <summary>A small tree to start jails on: busybox under its many names, two users, and nothing to mount on.</summary>
public sealed class BusyboxTree : IAsyncLifetime
{
    private static readonly string[] Names =
    [
        "sh", "true", "false", "echo", "cat", "id", "ls", "pwd", "env", "hostname", "ps", "sleep", "kill", "mkdir", "rmdir", "rm", "mv", "touch", "chmod",
        "grep", "head", "tail", "dd", "mount", "mknod", "unshare", "stty", "tty", "wc", "nslookup", "ip", "test", "stat", "readlink", "ln", "seq", "tr", "date",
    ];

    public BusyboxTree()
    {
        Scratch = Directory.CreateTempSubdirectory("kleene jail's ").FullName;
        Root = Path.Join(Scratch, "root $HOME");
        State = Path.Join(Scratch, "state");
        Directory.CreateDirectory(Path.Join(Root, "bin"));
        Directory.CreateDirectory(Path.Join(Root, "tmp"));
        File.SetUnixFileMode(Path.Join(Root, "tmp"), (UnixFileMode)0x3ff);
        File.Copy(new[] { "/bin/busybox", "/usr/bin/busybox" }.First(File.Exists), Path.Join(Root, "bin/busybox"));
        foreach (var name in Names)
        {
            File.CreateSymbolicLink(Path.Join(Root, "bin", name), "busybox");
        }

        Write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web:/srv/web:/bin/sh\n");
        Write("etc/group", "root:x:0:\nwww:x:1001:\nlogs:x:1002:root,web\n");
    }

    /// <summary>The directory of all that a test leaves; its name has a space and a quote.</summary>
    public string Scratch { get; }

    public string Root { get; }

    public string State { get; }

    public string At(string path) => Path.Join(Root, path);

    public void Write(string path, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
        File.SetUnixFileMode(At(path), mode);
    }

    /// <summary>A jail on the tree, named after the moment so that tests beside each other do not meet.</summary>
    public JailSpec Jail(params ReadOnlySpan<string> argv) =>
        new() { Id = $"t{Guid.NewGuid().ToString("N")[..11]}", Root = Root, Process = new JailProcess { Argv = [.. argv] } };

    public JailSpec Shell(string script) => Jail("sh", "-c", script);

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Ends what a test that failed half-way left running, and removes all files.</summary>
    public async Task DisposeAsync()
    {
        var bundles = Path.Join(State, "bundles");
        foreach (var bundle in Directory.Exists(bundles) ? Directory.GetDirectories(bundles) : [])
        {
            foreach (var runtime in (string[])["crun", "runc"])
            {
                using var driver = new LinuxJailDriver(new ProcessRunner(), State, runtime);
                await driver.RemoveAsync(Path.GetFileName(bundle), CancellationToken.None);
            }
        }

        Directory.Delete(Scratch, recursive: true);
    }
}
