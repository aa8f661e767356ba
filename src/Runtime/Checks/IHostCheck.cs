namespace Kleene.Build.Runtime.Checks;

/// <summary>Says what a host lacks that builds and containers need. Knows nothing of a store but where it lies.</summary>
public interface IHostCheck
{
    /// <param name="repairs">Whether it does what can be done about it. What was done is part of the findings.</param>
    IAsyncEnumerable<Finding> RunAsync(bool repairs, CancellationToken cancellationToken);
}
