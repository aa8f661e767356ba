using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Changes how containers run: their limits at once, the rest with their next start.</summary>
public sealed class ContainerUpdater(ContainerStore containers, IJailDriver jails)
{
    /// <param name="container">As it is recorded.</param>
    /// <param name="change">What is different from now on.</param>
    /// <exception cref="JailStartException">This machine cannot hold it to the limits; nothing was changed.</exception>
    public async Task UpdateAsync(Container container, Func<ContainerSpec, ContainerSpec> change, CancellationToken cancellationToken)
    {
        var changed = change(container.Spec);
        if (changed.Limits != container.Spec.Limits)
        {
            try
            {
                await jails.LimitAsync(container.Id.ToString(), container.Spec.Limits, changed.Limits, cancellationToken);
            }
            catch (JailNotRunningException)
            {
                // They count from its next start on.
            }
        }

        // Last: what the kernel did not take is not recorded either.
        containers.Change(container.Id, changed);
    }
}
