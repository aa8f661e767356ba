using System.Text;

namespace Kleene.Build.Runtime.Networks;

/// <summary>A file of names and addresses (hosts(5)) that a jail sees as its own.</summary>
internal static class HostsFile
{
    /// <summary>In place: the file is mounted in the jail, and another one of its name would not be.</summary>
    public static void Write(string path, string text)
    {
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var bytes = Encoding.UTF8.GetBytes(text);
        file.Write(bytes);
        file.SetLength(bytes.Length);
    }
}
