using Kleene.Build.Runtime.Images.BaseImages;

namespace Kleene.Build.Runtime.Tests.BaseImages;

/// <summary>Keeps what is reported, in order. The framework's own implementation reports later and on other threads.</summary>
internal sealed class Reports(List<BaseImageProgress> list) : IProgress<BaseImageProgress>
{
    public void Report(BaseImageProgress value)
    {
        lock (list)
        {
            list.Add(value);
        }
    }
}
