/* star ALPHABET LENGTH: lists the words of [ALPHABET]* that have at most LENGTH letters, the shortest first. */
#include <stdio.h>
#include <stdlib.h>

enum { longest = 16 };

static void list_words(const char *alphabet, char *word, size_t at, size_t length)
{
    if (at == length) {
        printf("%s\n", length == 0 ? "(the empty word)" : word);
        return;
    }

    for (const char *letter = alphabet; *letter != '\0'; letter++) {
        word[at] = *letter;
        list_words(alphabet, word, at + 1, length);
    }
}

int main(int argc, char **argv)
{
    char *end = NULL;
    long most = argc == 3 ? strtol(argv[2], &end, 10) : -1;
    if (end == NULL || end == argv[2] || *end != '\0' || most < 0 || most > longest) {
        fprintf(stderr, "usage: star ALPHABET LENGTH, with a LENGTH of at most %d\n", (int)longest);
        return 2;
    }

    printf("The words of [%s]* with at most %ld letters:\n", argv[1], most);
    for (size_t length = 0; length <= (size_t)most; length++) {
        char word[longest + 1] = "";
        list_words(argv[1], word, 0, length);
    }

    return 0;
}
