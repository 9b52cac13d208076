"""All settings, read once at the door and passed down explicitly.

Order of precedence: explicit arguments (flags), the environment (``ASKCORPUS_*``), ``askcorpus.toml`` in the
working directory, the defaults here. A misspelt name is an error; in the environment, where others set names too, it is
said in the log.
"""

import difflib
import logging
import os
import re
import tomllib
from decimal import Decimal, InvalidOperation
from importlib.resources.abc import Traversable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from askcorpus.errors import UsageError

BUNDLED_MODEL = "bundled"
MAX_FILE_MB = 50
SEE = "See docs/settings.md."

_log = logging.getLogger(__name__)
_SERVICE = re.compile(r"SERVICE_(?:HOST|PORT)(?:_|$)|PORT_\d{1,5}_(?:TCP|UDP|SCTP)(?:_|$)")
_SERVICE_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://")

ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,60}){1,5}")
_ORIGIN = re.compile(r"https?://[^/?#@\s]{1,255}")


class Settings(BaseSettings):
    """Everything a user can choose. Field descriptions are the reference documentation."""

    model_config = SettingsConfigDict(
        env_prefix="ASKCORPUS_", toml_file="askcorpus.toml", extra="forbid", frozen=True, env_ignore_empty=True
    )

    data: Path = Field(Path(".askcorpus"), description="Folder that holds the index.")
    database: SecretStr | None = Field(
        None,
        description="A PostgreSQL database that holds what is kept in place of files in `data`, for any number of "
        "servers: `postgresql+psycopg://user:password@host/database`; `--data` has the last word. See "
        "[operations](operations.md#a-postgresql-database).",
    )
    server: str | None = Field(
        None,
        description="Address of a running server (http://127.0.0.1:7860) that `ask`, `search`, `verify`, `docs list`, "
        "`docs show`, `docs duplicates`, `mcp`, `eval run`, `eval score`, `eval probe` and `eval calibrate` ask, with "
        "`api_key`, instead of the index in `data`; `--data` has the last word.",
    )
    embedding_model: str = Field(
        BUNDLED_MODEL, description="`bundled`, or any sentence-transformers model by name or folder."
    )
    embedding_revision: str | None = Field(None, description="Revision of a hub model.")
    query_prompt: str | None = Field(None, description="Put before questions; default: the model's own.")
    passage_prompt: str | None = Field(None, description="Put before passages; default: the model's own.")
    passage_chars: int = Field(800, ge=100, le=20_000, description="Target length of a passage, in characters.")
    fields: dict[str, str] = Field(
        {},
        description='What fields of documents are called in your records, as in `{date = "veröffentlicht"}` (in the '
        "environment as JSON): any of doc_id, title, text, date, language, source, place, author, url.",
    )
    max_file_mb: int = Field(
        MAX_FILE_MB,
        ge=1,
        le=1000,
        description="A file of more than so many million bytes, or such a line of a .jsonl file, is reported and not "
        "read. Reading takes about six times its size of memory.",
    )
    engine: Literal["local", "ray"] = Field(
        "local",
        description="What reads and embeds the files of `ingest`: `local`, this process; `ray`, the Ray cluster at "
        "`RAY_ADDRESS`, or one that is started for it on this machine (`askcorpus[ray]`). See "
        "[corpus](corpus.md#many-machines).",
    )
    vectors: str = Field(
        "embedded",
        description="The index that is asked for near passages in a corpus of more than 50,000 passages (fewer are all "
        "compared): `embedded`, in the data folder; the address of a Chroma server (http://host:port); or `pgvector`, "
        "in the `database`, where that extension of PostgreSQL is installed.",
    )
    vectors_token: SecretStr | None = Field(
        None,
        description="Token for that server, or for the proxy that guards it; sent as `Authorization: Bearer` and as "
        "`X-Chroma-Token`.",
    )
    top_k: int = Field(8, ge=1, le=100, description="Passages shown with an answer and given to the model.")
    reranker: str | None = Field(None, description="A sentence-transformers cross-encoder; off by default.")
    min_confidence: float | None = Field(
        None, ge=0, le=1, description="Abstain below this confidence; default: the calibrated operating point."
    )
    max_error: float | None = Field(
        None,
        ge=0.001,
        le=0.5,
        description="Abstain so often that at most this share of the answers given is wrong (`5%` or `0.05`), with "
        "95 % confidence: see [evaluation](evaluation.md#a-guaranteed-error-rate). Not together with min_confidence.",
    )
    llm: str | None = Field(
        None,
        description="A chat model as `provider:model` (ollama:qwen3, openai:…); without one, answers are quotes.",
    )
    llm_base_url: str | None = Field(None, description="Base URL of an OpenAI-compatible server.")
    llm_api_key: SecretStr | None = Field(None, description="Key for the model's server.")
    llm_timeout: float = Field(
        60.0,
        gt=0,
        le=86_400,
        description="Seconds that the model's server may be silent; a whole reply may take ten times that.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; beyond loopback a key is needed.")
    port: int = Field(7860, ge=1, le=65535, description="Port of chat and API.")
    api_key: SecretStr | None = Field(
        None,
        description="Key that every request must carry, when set; `askcorpus keys` makes others that do as well.",
    )
    write_key: SecretStr | None = Field(
        None,
        description="Key for adding, replacing and removing documents over `/api/v1`; without one nobody can. It opens "
        "all else as well.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins (https://host:port), separated by commas, whose pages may call the API from a browser; "
        "the server's own always may.",
    )
    root_path: str = Field(
        "",
        description="Path under which a proxy serves all this, as in `/askcorpus`, whether it takes it off or not; "
        "links in replies of the API begin with it.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of proxies (10.0.0.0/8), separated by commas, whose `X-Forwarded-Prefix` "
        "says that path instead, and whose `X-Forwarded-Proto` counts.",
    )
    mcp: bool = Field(
        False, description="Whether `serve` also serves agents, by the Model Context Protocol, at `/mcp`."
    )
    concurrent_questions: int = Field(4, ge=1, le=100, description="Questions that `serve` answers at the same time.")
    waiting_questions: int = Field(
        100, ge=0, le=10_000, description="Further questions that may wait; beyond that, 503."
    )
    keep_conversations: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Days after its last question that a conversation of the chat is kept, in `conversations.sqlite3` "
        "beside the index. 0 writes none to the disk: they are gone when `serve` stops.",
    )
    stop_seconds: float = Field(
        5, ge=0, le=600, description="Seconds that `serve` gives the questions in flight when it is told to stop."
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        le=600,
        description="Seconds before that for which it still takes requests while `/ready` is 503, so that a balancer "
        "before several servers sends them elsewhere.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="`text`: `serve` logs faults only; `json`: also each request, a line of JSON each."
    )
    log_questions: bool = Field(False, description="Whether the log in `json`, and traces, also have what was asked.")
    tracing: bool = Field(
        False,
        description="Whether `serve` sends a trace of each question by OpenTelemetry (`askcorpus[otel]`), to where "
        "`OTEL_EXPORTER_OTLP_ENDPOINT` says.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_switch(cls, value: object, info: ValidationInfo) -> object:
        """``port = true`` in a file, which pydantic takes for 1."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError("is no switch: it cannot be true or false")
        return value

    @field_validator("data")
    @classmethod
    def _from_home(cls, folder: Path) -> Path:
        """``~/archive`` in a file, in a variable or behind ``--data=``, which no shell reads."""
        try:
            return folder.expanduser()
        except RuntimeError:  # nobody has that name: then it is the folder's
            return folder

    @field_validator("max_error", mode="before")
    @classmethod
    def _read_percent(cls, value: object) -> object:
        if not isinstance(value, str) or not value.rstrip().endswith("%"):
            return value
        try:
            return float(Decimal(value.rstrip().removesuffix("%").strip()) / 100)
        except InvalidOperation:
            return value

    @field_validator("max_error")
    @classmethod
    def _is_alone(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("min_confidence") is not None:
            raise ValueError("and min_confidence both say when to answer: set one of them")
        return value

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin} is not an origin such as https://host or http://host:port")
        return tuple(origin.lower() for origin in origins)

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(proxy)) for proxy in proxies)

    @field_validator("root_path")
    @classmethod
    def _check_root(cls, root: str) -> str:
        if root and not ROOT_PATH.fullmatch(root):
            raise ValueError(f"{root} is not a path such as /askcorpus")
        return root

    @property
    def database_url(self) -> str | None:
        """The address of the database with the password in it: for whoever connects, and not to be shown."""
        return self.database.get_secret_value() if self.database else None

    @field_validator("api_key", "write_key", "llm_api_key", "database", "vectors_token")
    @classmethod
    def not_blank(cls, key: SecretStr | None) -> SecretStr | None:
        """A key that nobody can send guards nothing, or everything."""
        if key is not None and not key.get_secret_value().strip():
            raise ValueError("is blank")
        return key

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over ``askcorpus.toml``; nothing else."""
        return init_settings, _Environment(settings_cls), _File(settings_cls)


class _Environment(EnvSettingsSource):
    """The environment without what Kubernetes and Docker set for a service of our name: ``ASKCORPUS_PORT=tcp://…``."""

    def __call__(self) -> dict[str, Any]:
        """The settings that are named there."""
        return {name: value for name, value in super().__call__().items() if not _is_service_link(name, value)}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """What a variable holds as JSON.

        Raises:
            UsageError: it is none.
        """
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError as exc:
            raise UsageError(f"Settings: {field_name} in the environment is no JSON: {exc}.", SEE) from exc


class _File(TomlConfigSettingsSource):
    """The file, which editors may begin with a byte order mark; TOML knows none."""

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        return tomllib.loads(file_path.read_text(encoding="utf-8-sig"))


def _is_service_link(name: str, value: object) -> bool:
    return name == "port" and isinstance(value, str) and _SERVICE_ADDRESS.match(value) is not None


def read_settings(**flags: Any) -> Settings:
    """Settings with ``flags`` (``None`` means: not given) on top. A variable that nobody knows is told in the log.

    Raises:
        UsageError: a value or name is wrong, or ``askcorpus.toml`` cannot be read; the message says which.
    """
    prefix = str(Settings.model_config["env_prefix"])
    if not os.environ.get(f"{prefix}API_KEY", "unset").strip():
        # An empty variable counts as none: the door would stand open where somebody meant to lock it.
        raise UsageError("Settings: api_key is blank.", f"Set {prefix}API_KEY to a key, or unset it.")
    _warn_of_unknown_variables(prefix)
    given = {name: value for name, value in flags.items() if value is not None}
    if "data" in given:
        given.setdefault("database", None)  # who names a folder means what is in it
    try:
        return Settings(**given)
    except ValidationError as exc:
        raise _usage_error(exc) from exc
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise UsageError(f"Settings: askcorpus.toml cannot be read: {exc}.", SEE) from exc


def _warn_of_unknown_variables(prefix: str) -> None:
    """Say which variables of our prefix name no setting: pydantic-settings looks up the names it knows only."""
    for variable in sorted(os.environ):
        name = variable.removeprefix(prefix)
        if variable.startswith(prefix) and name.lower() not in Settings.model_fields and not _SERVICE.match(name):
            _log.warning(
                "Settings: unknown variable %s in the environment. %s", variable, _suggestion(variable, prefix)
            )


def _usage_error(error: ValidationError) -> UsageError:
    """The first fault of a validation, in our words."""
    fault = error.errors()[0]
    name = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return UsageError(f"Settings: unknown setting {name}.", _suggestion(name))
    if fault["type"] == "value_error":  # our own words
        return UsageError(f"Settings: {name} {fault['ctx']['error']}.", SEE)
    return UsageError(f"Settings: {name}: {fault['msg']}.", SEE)


def _suggestion(name: str, prefix: str = "") -> str:
    near = difflib.get_close_matches(name.removeprefix(prefix).lower(), Settings.model_fields, n=1)
    if not near:
        return SEE
    return f"Did you mean {prefix}{near[0].upper() if prefix else near[0]}? {SEE}"
