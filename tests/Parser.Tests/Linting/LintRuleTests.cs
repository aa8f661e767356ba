using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Xunit;

namespace Kleene.Build.Parser.Tests.Linting;

/// <summary>What each rule says and does not say, line by line; the pages have the examples for people.</summary>
public sealed class LintRuleTests
{
    [Theory]
    [InlineData("from a:1 AS b", "FromAsCasing")]
    [InlineData("from a:1 as b", "")]
    [InlineData("FROM a:1 As b", "FromAsCasing")]
    [InlineData("From a:1 aS b", "ConsistentInstructionCasing")]
    [InlineData("from a:1\nrun x\nENV A=1", "ConsistentInstructionCasing")]
    [InlineData("from a:1\nENV A=1", "ConsistentInstructionCasing")]
    [InlineData("arg A=1\nFROM a:${A}", "")]
    [InlineData("Arg A=1\nfrom a:${A}", "")]
    [InlineData("FROM a:1\nARG x\nenv A=1\nENV B=1\nENV c=1", "ConsistentInstructionCasing")]
    public void Casing(string text, string rules) => Finds(text, rules);

    [Theory]
    [InlineData("CMD make", "JSONArgsRecommended")]
    [InlineData("ENTRYPOINT make all", "JSONArgsRecommended")]
    [InlineData("SHELL [\"/bin/bash\", \"-c\"]\nCMD make", "")]
    [InlineData("SHELL [\"/bin/bash\", \"-c\"]\nFROM b:1\nCMD make", "JSONArgsRecommended")]
    [InlineData("SHELL [\"/bin/bash\", \"-c\"]\nRUN x", "")]
    [InlineData("HEALTHCHECK CMD make", "")]
    [InlineData("RUN make", "")]
    [InlineData("CMD []", "")]
    public void Commands_in_array_form(string text, string rules) => Finds($"FROM a:1\n{text}", rules);

    [Fact]
    public void A_stage_on_one_that_chooses_a_shell_has_chosen_too() =>
        Finds("FROM a:1 AS base\nSHELL [\"/bin/bash\", \"-c\"]\nFROM base\nCMD make", "");

    [Theory]
    [InlineData("--platform=$TARGETPLATFORM", "RedundantTargetPlatform")]
    [InlineData("--platform=\"${TARGETPLATFORM}\"", "RedundantTargetPlatform")]
    [InlineData("--platform=${TARGETPLATFORM:-linux/amd64}", "RedundantTargetPlatform")]
    [InlineData("--platform=$BUILDPLATFORM", "")]
    [InlineData("--platform=$TARGETOS/$TARGETARCH", "")]
    [InlineData("--platform=linux/amd64", "FromPlatformFlagConstDisallowed")]
    [InlineData("--platform=linux/$TARGETARCH", "")]
    [InlineData("--platform=arm64", "FromPlatformFlagConstDisallowed")]
    public void Platforms(string flag, string rules) => Finds($"FROM {flag} scratch AS x", rules);

    [Theory]
    [InlineData("linux/amd64", "x-amd64")]
    [InlineData("linux/x86_64", "amd64")]
    [InlineData("linux/arm64", "linux")]
    [InlineData("windows", "for-windows")]
    public void A_platform_in_the_name_of_the_stage_is_meant(string platform, string stage) => Finds($"FROM --platform={platform} scratch AS {stage}", "");

    [Theory]
    [InlineData("ARG API_KEY", true)]
    [InlineData("ENV GITHUB_TOKEN=x", true)]
    [InlineData("ENV secret_MESSAGE=x", true)]
    [InlineData("ARG auth", true)]
    [InlineData("ENV MY_PASSWD_X=1 B=2", true)]
    [InlineData("ARG A=1 DB_PASSWORD", true)]
    [InlineData("ENV SSH_PUBLIC_KEY=x", false)]
    [InlineData("ENV TOKEN_FILE=x", false)]
    [InlineData("ARG KEY_VERSION=1", false)]
    [InlineData("ENV TOKENIZER=x KEYBOARD=de AUTHOR=me MONKEY=1", false)]
    public void Secrets_by_name(string line, bool isFound) => Finds($"FROM a:1\n{line}", isFound ? "SecretsUsedInArgOrEnv" : "");

    [Theory]
    [InlineData("ARG T\nFROM a:$T", "InvalidDefaultArgInFrom")]
    [InlineData("ARG T=1\nFROM a:$T", "")]
    [InlineData("ARG T\nFROM a:${T:-1}", "")]
    [InlineData("ARG T\nFROM a:1${T}", "")]
    [InlineData("ARG I=UPPER\nFROM $I:1", "InvalidDefaultArgInFrom")]
    [InlineData("ARG R=reg.example.com:5000/x\nFROM $R/a_b--c.d:1", "")]
    [InlineData("ARG A=1\nARG T=${A}x\nFROM a:$T", "")]
    [InlineData("ARG D=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nFROM a@$D", "")]
    public void Bases_without_arguments(string text, string rules) => Finds(text, rules);

    [Theory]
    [InlineData("FROM a", true)]
    [InlineData("FROM a:latest", true)]
    [InlineData("FROM localhost:5000/a", true)]
    [InlineData("ARG T=latest\nFROM a:$T", true)]
    [InlineData("FROM a:1", false)]
    [InlineData("FROM a@0123456789ab", false)]
    [InlineData("FROM scratch", false)]
    [InlineData("FROM localhost:5000/a:1", false)]
    [InlineData("FROM a:1 AS b\nFROM b", false)]
    [InlineData("FROM a:1\nCOPY --from=b /x /y", true)]
    [InlineData("FROM a:1 AS b\nFROM a:1\nCOPY --from=b /x /y\nCOPY --from=0 /x /y", false)]
    public void Unpinned_images(string text, bool isFound) => Finds(text, isFound ? "UnpinnedBaseImage" : "");

    [Theory]
    [InlineData("# about something\nARG A=1", true)]
    [InlineData("# A says how\nARG A=1", false)]
    [InlineData("# about something\n\nARG A=1", false)]
    [InlineData("# about something\n#\nARG A=1", false)]
    [InlineData("# more\n# A says how\nARG A=1 B=2", false)]
    [InlineData("# about something\nRUN x", false)]
    public void Descriptions(string text, bool isFound) =>
        Finds($"# check=experimental=InvalidDefinitionDescription\nFROM a:1\n{text}", isFound ? "InvalidDefinitionDescription" : "");

    [Fact]
    public void A_rule_on_trial_is_quiet_unless_asked() => Finds("FROM a:1\n# about something\nARG A=1", "");

    [Theory]
    [InlineData("RUN apt-get update\nRUN apt-get install -y x", true)]
    [InlineData("RUN apt-get update && apt-get install -y x\nRUN apt-get install -y y", true)]
    [InlineData("RUN apt-get update && apt-get install -y x\nRUN apt-get update && apt-get install -y y", false)]
    [InlineData("RUN apt-get install -y x", false)]
    [InlineData("RUN set -eux; apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get install -y x", false)]
    [InlineData("RUN sudo apt update\nRUN if true; then sudo -E apt -y install x; fi", true)]
    [InlineData("RUN apt-get update\nRUN apt-get install -y ./x.deb", false)]
    [InlineData("RUN apt-get update\nRUN echo apt-get install x", false)]
    [InlineData("RUN apt-get update\nRUN [\"apt-get\", \"install\", \"x\"]", true)]
    [InlineData("RUN apt-get update\nRUN <<EOF\nset -e\napt-get install -y x\nEOF", true)]
    [InlineData("RUN apt-get update\nRUN cat <<EOF > /x\napt-get install -y x\nEOF", false)]
    [InlineData("RUN apk update\nRUN apk add x", true)]
    [InlineData("RUN apk update\nRUN apk add --no-cache x", false)]
    [InlineData("RUN dnf makecache\nRUN dnf -y install x", true)]
    [InlineData("RUN dnf -y update\nRUN dnf -y install x", false)]
    [InlineData("RUN zypper refresh\nRUN zypper in -y x", true)]
    [InlineData("RUN pkg update\nRUN pkg install -y x", true)]
    [InlineData("RUN pacman -Sy\nRUN pacman -S x", true)]
    [InlineData("RUN pacman -Syu x\nRUN pacman -Syu y", false)]
    public void Package_indexes(string text, bool isFound) => Finds($"FROM a:1\n{text}", isFound ? "StalePackageIndex" : "");

    [Fact]
    public void A_stage_on_another_has_the_index_of_that() => Finds("FROM a:1 AS base\nRUN apt-get update\nFROM base\nRUN apt-get install x\nFROM a:1\nRUN apt-get install x", "StalePackageIndex");

    [Theory]
    [InlineData("COPY . .\nRUN npm ci", true)]
    [InlineData("COPY . /app/\nRUN cd /app && npm install", true)]
    [InlineData("COPY ./ ./\nRUN pip install -r requirements.txt", true)]
    [InlineData("ADD . /x\nRUN go mod download", true)]
    [InlineData("COPY . .\nRUN apt-get update && apt-get install -y gcc", true)]
    [InlineData("COPY . .\nRUN bundle", true)]
    [InlineData("COPY . .\nRUN dotnet restore", true)]
    [InlineData("COPY package.json .\nRUN npm ci\nCOPY . .\nRUN npm ci --omit=dev", false)]
    [InlineData("COPY . .\nRUN npm run build", false)]
    [InlineData("COPY . .\nRUN npm install -g serve", false)]
    [InlineData("COPY . .\nRUN pip install .", false)]
    [InlineData("COPY . .\nRUN go build ./...", false)]
    [InlineData("COPY src .\nRUN npm ci", false)]
    [InlineData("COPY --exclude=src . .\nRUN npm ci", false)]
    [InlineData("COPY . .\nRUN --mount=type=cache,target=/root/.npm npm ci", false)]
    [InlineData("COPY --from=b:1 . .\nRUN npm ci", false)]
    public void Copies_before_installations(string text, bool isFound) => Finds($"FROM a:1\n{text}", isFound ? "CopyBeforeInstall" : "");

    [Theory]
    [InlineData("ARG COMMIT\nRUN a\nRUN b $COMMIT", true)]
    [InlineData("ARG COMMIT=none\nRUN a\nLABEL c=$COMMIT", true)]
    [InlineData("ARG X\nRUN a\nRUN <<E\necho $X\nE", true)]
    [InlineData("RUN a\nARG COMMIT\nRUN b $COMMIT", false)]
    [InlineData("ARG COMMIT\nRUN b $COMMIT\nRUN a", false)]
    [InlineData("ARG NODE_MAJOR=20\nRUN a\nRUN b $NODE_MAJOR", false)]
    [InlineData("ARG TOOL=20\nRUN a\nRUN b $TOOL", false)]
    [InlineData("ARG X\nRUN a", false)]
    [InlineData("ARG DEBIAN_FRONTEND\nRUN a\nRUN b $DEBIAN_FRONTEND", false)]
    [InlineData("ARG TARGETARCH\nRUN a\nRUN b $TARGETARCH", false)]
    [InlineData("ARG X\nCOPY a b\nRUN b $X", false)]
    public void Early_arguments(string text, bool isFound) => Finds($"FROM a:1\n{text}", isFound ? "EarlyArgument" : "");

    [Theory]
    [InlineData("COPY id_rsa /root/.ssh/", true)]
    [InlineData("COPY config/.env /app/", true)]
    [InlineData("ADD server.key /etc/", true)]
    [InlineData("COPY .env.example /app/.env", false)]
    [InlineData("COPY id_rsa.pub /root/.ssh/", false)]
    [InlineData("COPY ca.pem /etc/", false)]
    [InlineData("COPY tests/id_rsa /x", false)]
    [InlineData("COPY --from=b:1 id_rsa /x", false)]
    public void Secrets_that_a_copy_names(string text, bool isFound) => Finds($"FROM a:1\n{text}", isFound ? "SecretFileInContext" : "");

    [Theory]
    [InlineData("ADD https://example.com/a /a", true)]
    [InlineData("ADD https://example.com/a https://example.com/b /a/", true)]
    [InlineData("ADD https://github.com/a/b.git#v1 /a", false)]
    [InlineData("ADD a.tar /a", false)]
    [InlineData("ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/a /a", false)]
    public void Downloads(string text, bool isFound) => Finds($"FROM a:1\n{text}", isFound ? "AddWithoutChecksum" : "");

    [Theory]
    [InlineData("VOLUME /data\nRUN mkdir /data/x", true)]
    [InlineData("VOLUME [\"/data\"]\nRUN echo a > /data/x", true)]
    [InlineData("WORKDIR /data\nVOLUME /data\nRUN touch x", true)]
    [InlineData("RUN mkdir /data/x\nVOLUME /data", false)]
    [InlineData("VOLUME /data\nRUN mkdir /database", false)]
    [InlineData("VOLUME /data\nRUN ls /data", false)]
    public void Volumes(string text, bool isFound) => Finds($"FROM a:1\n{text}", isFound ? "WriteToVolume" : "");

    [Theory]
    [InlineData("type=cache,target=/var/cache/apt", true)]
    [InlineData("type=cache,dst=/var/lib/apt/,sharing=shared", true)]
    [InlineData("type=cache,target=/var/cache/apt,sharing=locked", false)]
    [InlineData("type=cache,target=/var/cache/apt,sharing=private", false)]
    [InlineData("type=cache,target=/root/.npm", false)]
    [InlineData("type=tmpfs,target=/var/cache/apt", false)]
    public void Package_caches(string mount, bool isFound) => Finds($"FROM a:1\nRUN --mount={mount} x", isFound ? "SharedPackageCache" : "");

    private static void Finds(string text, string rules)
    {
        var found = Given.Compile(text + "\n", CompileOptions.Default with { Lint = LintLevel.Everything });

        var names = string.Join(' ', found.RuleNames().Distinct());
        Assert.True(rules == names, $"expected '{rules}'\n{DiagnosticFormatter.Format(found.Diagnostics)}");
    }
}
