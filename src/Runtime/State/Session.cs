namespace Kleene.Build.Runtime.State;

/// <summary>
/// A command of ours that is making something, known to others by a locked file. The kernel gives the lock back when the process
/// ends, however it ends (flock(2)): so what a killed command left can be told from what another is still making.
/// </summary>
public sealed class Session(StateDirectory state) : IDisposable
{
    private readonly Lock gate = new();
    private FileStream? file;

    /// <summary>Made at first use: a command that only reads needs no file.</summary>
    public string Id
    {
        get
        {
            lock (gate)
            {
                return Path.GetFileName((file ??= Create()).Name);
            }
        }
    }

    /// <summary>Whether the command that made the session is gone. Its file, if any, is then removed. The empty id is nobody's.</summary>
    public bool IsOver(string id)
    {
        if (id.Length == 0)
        {
            return true;
        }

        if (file is not null && id == Id)
        {
            return false;
        }

        var path = Path.Join(state.Sessions, id);
        try
        {
            using var locked = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            File.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        if (file is not null)
        {
            File.Delete(file.Name);
            file.Dispose();
        }
    }

    private FileStream Create()
    {
        try
        {
            Directory.CreateDirectory(state.Sessions);
            return new FileStream(Path.Join(state.Sessions, Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw state.Unusable(exception);
        }
    }
}
