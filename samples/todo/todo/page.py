"""The one page, as HTML. It works without JavaScript: every button is a form."""

from html import escape

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>To do</title>
<style>
  :root {{ color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 8vh auto; padding: 0 1rem; }}
  h1 {{ font-size: 1.6rem; margin: 0 0 1rem; }}
  ul {{ list-style: none; margin: 1rem 0; padding: 0; border-top: 1px solid var(--line); }}
  li {{ display: flex; align-items: center; gap: .6rem; padding: .45rem 0; border-bottom: 1px solid var(--line); }}
  li span {{ flex: 1; overflow-wrap: anywhere; }}
  li.done span {{ opacity: .5; text-decoration: line-through; }}
  form {{ margin: 0; }}
  form.add {{ display: flex; gap: .6rem; }}
  input {{ flex: 1; }}
  input, button {{ font: inherit; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: .4rem; background: none; }}
  button {{ cursor: pointer; }}
  .error {{ color: #c33; }}
  footer {{ opacity: .6; font-size: .85rem; }}
</style>
</head>
<body>
<h1>To do</h1>
<form class="add" method="post" action="/add">
<input name="title" aria-label="New task" placeholder="What next?" maxlength="200" required autofocus>
<button>Add</button>
</form>
{error}<ul>
{tasks}</ul>
<footer>{summary} &middot; <a href="/api/tasks">JSON</a></footer>
</body>
</html>
"""

TASK = """<li class="{state}"><form method="post" action="/{verb}"><input type="hidden" name="id" value="{id}">\
<button aria-label="{label}">{mark}</button></form><span>{title}</span>\
<form method="post" action="/remove"><input type="hidden" name="id" value="{id}">\
<button aria-label="Remove">&times;</button></form></li>
"""


def render(tasks, error=None):
    open_count = sum(not task.done for task in tasks)
    return PAGE.format(
        error=f'<p class="error" role="alert">{escape(error)}</p>\n' if error else "",
        tasks="".join(map(_render_task, tasks)),
        summary=f"{open_count} open, {len(tasks) - open_count} done",
    )


def _render_task(task):
    return TASK.format(
        id=task.id,
        title=escape(task.title),
        state="done" if task.done else "open",
        verb="reopen" if task.done else "finish",
        label="Reopen" if task.done else "Finish",
        mark="&#10003;" if task.done else "&#9675;",
    )
