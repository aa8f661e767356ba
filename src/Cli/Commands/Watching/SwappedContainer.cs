using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands.Watching;

/// <summary>
/// The container of a build that is watched. A new one takes its place when there is a new image, and only when it runs, and is well where it is asked; whatever happens
/// before, the old one goes on. It prints to our standard streams.
/// </summary>
internal sealed class SwappedContainer(Composition kleene, RunWords words)
{
    /// <summary>What a container that is replaced may take to end, unless it was made with another time: nobody waits for it who edits.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CleanupTime = TimeSpan.FromMinutes(1);

    private Container? current;
    private Task retirement = Task.CompletedTask;

    /// <summary>Runs a container of the image in the place of the one before.</summary>
    /// <returns>What became of it, in a few words.</returns>
    public async Task<string> SwapAsync(Image image, CancellationToken cancellationToken)
    {
        await retirement;
        if (current is { } same && same.ImageId == image.Id && kleene.Containers.TryFind(same.Id) is not null)
        {
            return $"'{NameOf(same)}' has this image already";
        }

        var old = current;
        var next = await words.CreateAsync(kleene, image, named: old is null, cancellationToken);
        var isStopped = old is not null && !MayStandBeside(next.Spec);
        try
        {
            if (isStopped)
            {
                await kleene.Lifecycle.StopAsync(old!, GraceOf(old!), cancellationToken);
            }

            await StartAsync(next, cancellationToken);
            await WaitUntilWellAsync(next, cancellationToken);
        }
        catch (Exception exception)
        {
            using var deadline = new CancellationTokenSource(CleanupTime);
            await kleene.Lifecycle.RemoveAsync(next, force: true, withVolumes: true, deadline.Token);
            if (exception is not KleeneException || old is null)
            {
                throw;
            }

            if (isStopped)
            {
                await StartAsync(old, deadline.Token);
            }

            return $"{exception.Message}; '{NameOf(old)}' goes on as it was";
        }

        current = next;
        if (old is null)
        {
            return $"'{NameOf(next)}' runs";
        }

        retirement = RetireAsync(old, next);
        return $"'{NameOf(next)}' runs in the place of the old one";
    }

    /// <summary>Whether there is one.</summary>
    public string Describe() => current is { } running ? $"'{NameOf(running)}' goes on as it was" : "no container runs";

    /// <summary>Stops and removes it.</summary>
    public async Task RemoveAsync()
    {
        try
        {
            await retirement;
        }
        finally
        {
            if (current is { } last)
            {
                current = null;
                await RemoveAsync(last);
            }
        }
    }

    /// <summary>What a host has only once cannot be had by two at a time.</summary>
    private static bool MayStandBeside(ContainerSpec spec) =>
        spec.Network is { Driver: not NetworkDriver.Host, Ports.IsEmpty: true } network && network.Endpoints.All(endpoint => endpoint is { Address: "", Address6: "" });

    private static TimeSpan? GraceOf(Container container) => container.Spec.StopSeconds is null ? Grace : null;

    /// <summary>Without a look: a new one gets the name of the old one when that has gone, and nobody waits for it.</summary>
    private string NameOf(Container container) => words.Name ?? container.Name;

    private async Task StartAsync(Container container, CancellationToken cancellationToken)
    {
        var started = await kleene.Lifecycle.StartAsync(container, attach: true, cancellationToken);
        _ = FollowAsync(started);
    }

    /// <summary>To its end. Streams that break are those of a container that has gone.</summary>
    private static async Task FollowAsync(StartedContainer started)
    {
        using (started)
        {
            await started.Console!.RelayAsync(new ConsoleRequest(Input: false, Terminal: false, DetachKeys: []), CancellationToken.None);
        }
    }

    private async Task WaitUntilWellAsync(Container container, CancellationToken cancellationToken)
    {
        while (container.Spec.Healthcheck is not null)
        {
            switch (kleene.Containers.TryFind(container.Id))
            {
                case { Health.Status: HealthStatus.Healthy }:
                    return;
                case { Health: { Status: HealthStatus.Unhealthy, Log: [.., var last] } }:
                    throw new KleeneException($"the new container is not healthy: its check ended with {last.ExitCode}: {last.Output.Trim()}");
                case { State: ContainerState.Exited } ended:
                    throw new KleeneException($"the new container ended with {ended.ExitCode} before it was healthy");
                case null:
                    throw new KleeneException("the new container was removed before it was healthy");
            }

            await Task.Delay(LookInterval, cancellationToken);
        }
    }

    private async Task RetireAsync(Container old, Container next)
    {
        await RemoveAsync(old);
        if (words.Name is { } name)
        {
            using var deadline = new CancellationTokenSource(CleanupTime);
            await kleene.Lifecycle.RenameAsync(next, name, deadline.Token);
        }
    }

    private async Task RemoveAsync(Container container)
    {
        using var deadline = new CancellationTokenSource(CleanupTime);
        await kleene.Lifecycle.StopAsync(container, GraceOf(container), deadline.Token);
        await kleene.Lifecycle.RemoveAsync(container, force: true, withVolumes: true, deadline.Token);
    }
}
