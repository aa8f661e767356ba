using System.Diagnostics;

namespace Kleene.Build.Testing.Jails;

/// <summary>A tree as find(1) tells it: name, kind, mode, owner, size, time of the last change to its content, target, number.</summary>
public static class TreeListing
{
    public static string Of(string root)
    {
        var start = new ProcessStartInfo("find", ["."]) { WorkingDirectory = root, RedirectStandardOutput = true };
        start.ArgumentList.Add("-printf");
        start.ArgumentList.Add("%p %y %m %U:%G %s %T@ %l %i %n\\n");
        using var find = Process.Start(start)!;
        var lines = find.StandardOutput.ReadToEnd().Split('\n');
        find.WaitForExit();
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }
}
