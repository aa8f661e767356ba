using System.Globalization;
using System.Text;

namespace Kleene.Build.Bench.Compiler;

/// <summary>A file as long as one likes that looks like those people write: stages, long commands, comments, variables, heredocs.</summary>
internal static class GeneratedKleenefile
{
    private const string Stage =
        """
        # Stage {0}: what part {0} is made of.
        FROM debian:12 AS part{0}
        ARG VERSION=1.{0} PREFIX=/usr/local
        ENV APP_HOME=/srv/part{0} \
            LANG=C.UTF-8
        LABEL org.opencontainers.image.title="part {0}" org.opencontainers.image.version=$VERSION

        WORKDIR $APP_HOME
        RUN apt-get update && \
            apt-get install -y --no-install-recommends \
                # what the compiler needs
                build-essential \
                ca-certificates \
                curl && \
            rm -rf /var/lib/apt/lists/*
        COPY package.json package-lock.json ./
        RUN npm ci --omit=dev
        COPY --chown=1000:1000 --chmod=644 src/*.js ${{PREFIX:-/usr}}/share/part{0}/
        RUN <<EOF
        set -e
        make -C /src VERSION="$VERSION" DESTDIR=/out
        make -C /src install
        EOF
        RUN ["/bin/sh", "-c", "echo done {0} > /out/marker"]
        COPY --from=part{1} /out /opt/part{1}
        EXPOSE 8080 443/tcp
        USER nobody:nogroup
        HEALTHCHECK --interval=30s --timeout=5s CMD curl -f "http://localhost/part{0}" || exit 1
        ENTRYPOINT ["/usr/bin/part{0}", "--config", "/etc/part{0}.conf"]
        CMD ["serve"]


        """;

    private static readonly CompositeFormat Format = CompositeFormat.Parse(Stage);

    /// <summary>Whole stages and then single instructions, to the exact number of lines.</summary>
    public static string Write(int lines)
    {
        var text = new StringBuilder("FROM scratch AS part0\n");
        var stageLines = Stage.Count(c => c == '\n');
        var written = 1;
        for (var stage = 1; written + stageLines <= lines; stage++)
        {
            text.AppendFormat(CultureInfo.InvariantCulture, Format, stage, stage - 1);
            written += stageLines;
        }

        for (; written < lines; written++)
        {
            text.Append(CultureInfo.InvariantCulture, $"LABEL line{written}=\"the rest\"\n");
        }

        return text.ToString();
    }
}
