namespace Kleene.Build.Runtime.Tests.Archives;

/// <summary>A directory of its own for a test, with whatever the test makes in it.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("kleene archives ").FullName;

    public string this[string name] => System.IO.Path.Join(Path, name);

    public string Make(string name) => Directory.CreateDirectory(this[name]).FullName;

    // The framework cannot remove names that are not UTF-8.
    public void Dispose() => HostTool.Run("rm", "-rf", "--", Path);
}
