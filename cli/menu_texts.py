"""Every text of the menu, in English and in Brazilian Portuguese."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "pt")
LOCALES = {"en": "en_US.UTF-8", "pt": "pt_BR.UTF-8"}

TEXTS: Mapping[str, tuple[str, str]] = {
    # entries
    "title": ("Business processes on SWF", "Processos de negócio no SWF"),
    "setup": ("Set up: register domain and types", "Configurar: registrar domínio e tipos"),
    "decider": ("Start a decider", "Iniciar um decider"),
    "worker": ("Start an activity worker", "Iniciar um worker de atividades"),
    "page": ("Start the page, to look at in a browser", "Iniciar a página, para ver no navegador"),
    "log": ("Follow a log", "Acompanhar um log"),
    "demo": ("Demo", "Demonstração"),
    "start": ("Start a workflow from JSON", "Iniciar um workflow a partir de JSON"),
    "resume": ("Resume a workflow from a step", "Retomar um workflow a partir de um passo"),
    "steer": (
        "Steer a workflow: back, again, skip, pause, undo, answer",
        "Conduzir um workflow: voltar, repetir, pular, pausar, desfazer, responder",
    ),
    "back": ("to the step that ran before", "ao passo anterior"),
    "reprocess": ("run a step again, then go on", "executar um passo de novo e seguir"),
    "skip": ("go on without the step in progress", "seguir sem o passo em andamento"),
    "pause": ("hold after the steps in progress", "segurar depois dos passos em andamento"),
    "continue": ("go on after a pause or a failed step", "seguir depois de pausa ou falha"),
    "rollback": ("stop, undo, fail", "parar, desfazer, falhar"),
    "answer": ("answer a step that waits for a signal", "responder a um passo que espera"),
    "history": ("History of a workflow", "Histórico de um workflow"),
    "list": ("List workflows", "Listar workflows"),
    "monitor": ("Monitor a workflow (Ctrl+C: back)", "Monitorar um workflow (Ctrl+C: voltar)"),
    "stop": ("Stop everything this menu started", "Parar tudo o que este menu iniciou"),
    "delete": ("Delete local data", "Apagar os dados locais"),
    "tests": ("Run the tests", "Executar os testes"),
    "language": ("Português", "English"),
    "quit": ("Quit", "Sair"),
    # questions
    "which_log": (
        "Which log? Its number or name (empty: back): ",
        "Qual log? O número ou o nome (vazio: voltar): ",
    ),
    "choice": ("Choice: ", "Opção: "),
    "which": (
        "Which one? Its number or workflow id (empty: back): ",
        "Qual? O número ou o workflow id (vazio: voltar): ",
    ),
    "json": (
        "JSON of the order, or the name of a file (empty: back): ",
        "JSON do pedido, ou o nome de um arquivo (vazio: voltar): ",
    ),
    "step": (
        "Step, its name or path (empty: back): ",
        "Etapa, o nome ou o caminho (vazio: voltar): ",
    ),
    "action": (
        "Action, its number or name (empty: back): ",
        "Ação, número ou nome (vazio: voltar): ",
    ),
    "name": ("Name of the signal: ", "Nome do sinal: "),
    "input": ("The answer, as JSON: ", "A resposta, em JSON: "),
    "agree": ("Do it? [y/N] ", "Fazer isso? [s/N] "),
    "same": ("The same by hand: {command}", "O mesmo à mão: {command}"),
    "reason": ("Reason, for the record (may be empty): ", "Motivo, para registro (opcional): "),
    "sure": (
        "Delete {names} in {folder}? [y/N] ",
        "Apagar {names} em {folder}? [s/N] ",
    ),
    # answers
    "yes": ("y yes", "s sim"),
    "engine": ("Engine", "Motor"),
    "engine_rests": ("not running; it starts when needed", "parado; inicia quando for preciso"),
    "embedded": ("embedded SWF", "SWF embutido"),
    "open": ("Open executions", "Execuções abertas"),
    "not_known_yet": ("not known yet", "ainda não se sabe"),
    "no_processes": (
        "No decider or worker of this menu runs.",
        "Nenhum decider ou worker deste menu em execução.",
    ),
    "is_starting": ("starting, process {pid}", "iniciando, processo {pid}"),
    "is_running": ("running, process {pid}", "em execução, processo {pid}"),
    "is_waiting": ("starts again in {seconds} s", "reinicia em {seconds} s"),
    "is_given_up": (
        "ended, and cannot start until something is mended",
        "terminou, e não inicia até que algo seja corrigido",
    ),
    "times": (", restarted: {count}", ", reinícios: {count}"),
    "code": ("exit code {code}", "código de saída {code}"),
    "no_such_choice": ("There is no entry {answer!r}.", "Não existe a opção {answer!r}."),
    "no_such_step": ("There is no step {answer!r}.", "Não existe o passo {answer!r}."),
    "no_workflows": ("There are no workflows yet.", "Ainda não há workflows."),
    "no_such_workflow": ("There is no workflow {answer}.", "Não existe o workflow {answer}."),
    "started": (
        "{name} runs: process {pid}, log {log}",
        "{name} em execução: processo {pid}, log {log}",
    ),
    "page_at": ("The page is at {address} (log {log})", "A página está em {address} (log {log})"),
    "crashed": (
        "{name} has ended ({how}){word}; it starts again in {seconds} s (log {log})",
        "{name} terminou ({how}){word}; reinicia em {seconds} s (log {log})",
    ),
    "runs_again": (
        "{name} runs again: process {pid}",
        "{name} em execução outra vez: processo {pid}",
    ),
    "given_up": (
        "{name} has ended ({how}){word}; it is not started again: mend that first (log {log})",
        "{name} terminou ({how}){word}; não será reiniciado: corrija isso antes (log {log})",
    ),
    "left": (
        "{name} has ended, for it was asked to ({how}); it is not started again",
        "{name} terminou, pois isso lhe foi pedido ({how}); não será reiniciado",
    ),
    "no_logs": ("There are no logs yet.", "Ainda não há logs."),
    "following": ("{log}: Enter or Ctrl+C ends this", "{log}: Enter ou Ctrl+C encerra"),
    "stopped": ("Stopped: {names}", "Parado: {names}"),
    "nothing_to_stop": ("Nothing was running.", "Nada estava em execução."),
    "nothing_deleted": ("Nothing is deleted.", "Nada foi apagado."),
    "deleted": ("Deleted: {names}", "Apagado: {names}"),
    "exit_code": ("(exit code {code})", "(código de saída {code})"),
    "bye": ("Bye.", "Até logo."),
}


def text(language: str, key: str, **facts: object) -> str:
    """The text of that key in that language, its facts filled in."""
    return TEXTS[key][LANGUAGES.index(language)].format(**facts)


def language_of(environment: Mapping[str, str]) -> str:
    """`pt` where the system speaks Portuguese, else `en`: LC_ALL over LC_MESSAGES over LANG."""
    spoken = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    chosen = next((value for value in spoken if value), "")
    return "pt" if chosen.lower().startswith("pt") else "en"
