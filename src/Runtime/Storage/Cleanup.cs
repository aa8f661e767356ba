namespace Kleene.Build.Runtime.Storage;

/// <summary>Clears up after a failure without hiding it.</summary>
internal static class Cleanup
{
    private const string Key = "cleanup";

    /// <summary>When clearing up fails as well, that is attached to the first failure, which the caller goes on to throw.</summary>
    public static async Task AfterAsync(Exception failure, Func<Task> cleanup)
    {
        try
        {
            await cleanup();
        }
        catch (Exception second) when (second is KleeneException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            failure.Data[Key] = second.ToString();
        }
    }
}
