"""The closed list of reasons for which a record is held, in words an office can act on."""

from __future__ import annotations

from enum import StrEnum

from engine.text import Text


class Reason(StrEnum):
    """Why a record is held. Codes are stable: they are stored and shown for years."""

    UNDECODABLE = "undecodable"
    NOT_CSV = "not_csv"
    TAB_SEPARATED = "tab_separated"
    BROKEN_CSV = "broken_csv"
    EMPTY_FILE = "empty_file"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    TOO_LARGE = "too_large"
    INCOMPLETE_ROW = "incomplete_row"
    AMBIGUOUS_KEY = "ambiguous_key"
    FORBIDDEN_CHARACTER = "forbidden_character"
    MISSING_LEARNER_ID = "missing_learner_id"
    MISSING_COURSE = "missing_course"
    BAD_DATE = "bad_date"
    DATE_IN_FUTURE = "date_in_future"
    BAD_SCORE = "bad_score"
    INVALID_JSON = "invalid_json"
    INVALID_STATEMENT = "invalid_statement"
    ACTOR_OUTSIDE_NAMESPACE = "actor_outside_namespace"
    UNKNOWN_LEARNER = "unknown_learner"
    ACTIVITY_OUTSIDE_PREFIX = "activity_outside_prefix"
    COLUMN_ELSEWHERE = "column_elsewhere"
    VOID_FORBIDDEN = "void_forbidden"
    ID_CONFLICT = "id_conflict"
    ID_TAKEN = "id_taken"

    @property
    def whole_file(self) -> bool:
        """Whether the reason holds a whole file, of which then no row is taken."""
        return self in _WHOLE_FILE


_WHOLE_FILE = frozenset(
    {
        Reason.UNDECODABLE,
        Reason.NOT_CSV,
        Reason.TAB_SEPARATED,
        Reason.BROKEN_CSV,
        Reason.EMPTY_FILE,
        Reason.MISSING_COLUMN,
        Reason.DUPLICATE_COLUMN,
        Reason.TOO_LARGE,
    }
)

# reason: (label in lists, sentence about one record)
_TEXTS: dict[Reason, tuple[Text, Text]] = {
    Reason.UNDECODABLE: (
        Text(ja="文字コードを判別できないファイル", en="Undecodable file"),
        Text(
            ja="ファイルの文字コードを判別できません（UTF-8でもShift_JIS(CP932)でも読めません）。"
            "途中で切れていないか確認し、CSV（UTF-8）で保存し直してください。",
            en="The file is neither UTF-8 nor Shift_JIS (CP932). Check that it is complete and "
            "save it again as CSV (UTF-8).",
        ),
    ),
    Reason.NOT_CSV: (
        Text(ja="CSVではないファイル", en="Not a CSV file"),
        Text(
            ja="CSVファイルではありません。Excelで開き、CSV（UTF-8）で保存し直してください。",
            en="This is not a CSV file. Open it in Excel and save it as CSV (UTF-8).",
        ),
    ),
    Reason.TAB_SEPARATED: (
        Text(ja="タブで区切られたファイル", en="Tab-separated file"),
        Text(
            ja="カンマではなくタブで区切られています。CSV（UTF-8）で保存し直してください。",
            en="The cells are separated by tabs, not commas. Save the file again as CSV (UTF-8).",
        ),
    ),
    Reason.BROKEN_CSV: (
        Text(ja="CSVの形が壊れているファイル", en="Broken CSV file"),
        Text(
            ja="CSVとして読めません（{row}行目：引用符が閉じていない可能性があります）。",
            en="The file cannot be read as CSV (line {row}: a quotation mark may be open).",
        ),
    ),
    Reason.EMPTY_FILE: (
        Text(ja="中身のないファイル", en="Empty file"),
        Text(ja="ファイルに行がありません。", en="The file has no rows."),
    ),
    Reason.MISSING_COLUMN: (
        Text(ja="必要な列がないファイル", en="Missing column"),
        Text(
            ja="必要な列がありません：{columns}。1行目の見出しを確認してください。",
            en="The file lacks these columns: {columns}. Check its heading row.",
        ),
    ),
    Reason.DUPLICATE_COLUMN: (
        Text(ja="見出しが重複しているファイル", en="Duplicate column"),
        Text(
            ja="同じ見出しの列が2つ以上あります：{columns}。",
            en="These headings appear more than once: {columns}.",
        ),
    ),
    Reason.TOO_LARGE: (
        Text(ja="大きすぎるデータ", en="Too large"),
        Text(
            ja="大きすぎるため取り込めません（上限 {limit}）。",
            en="This is larger than we take (limit {limit}).",
        ),
    ),
    Reason.INCOMPLETE_ROW: (
        Text(ja="列数の合わない行", en="Incomplete row"),
        Text(
            ja="行の列数が見出しと合いません（見出し{expected}列、この行{found}列）。",
            en="The row has {found} cells where the heading has {expected}.",
        ),
    ),
    Reason.AMBIGUOUS_KEY: (
        Text(ja="内容の食い違う重複行", en="Contradicting rows"),
        Text(
            ja="同じ受講記録（{key}）の行が複数あり、内容が食い違っています。"
            "正しい行だけを残してください。",
            en="Several rows stand for the same record ({key}) and contradict one another. "
            "Keep the right one.",
        ),
    ),
    Reason.FORBIDDEN_CHARACTER: (
        Text(ja="使えない文字を含む記録", en="Forbidden character"),
        Text(
            ja="保存できない制御文字が含まれています。",
            en="The record contains a control character that cannot be stored.",
        ),
    ),
    Reason.MISSING_LEARNER_ID: (
        Text(ja="学習者番号がない記録", en="No learner id"),
        Text(ja="学習者を示す番号がありません。", en="The record does not say who the learner is."),
    ),
    Reason.MISSING_COURSE: (
        Text(ja="講座コードがない記録", en="No course"),
        Text(ja="講座を示すコードがありません。", en="The record does not say which course it is."),
    ),
    Reason.BAD_DATE: (
        Text(ja="日付を読めない記録", en="Unreadable date"),
        Text(ja="「{value}」を日付として読めません。", en='"{value}" is not a date we can read.'),
    ),
    Reason.DATE_IN_FUTURE: (
        Text(ja="修了日が未来の記録", en="Date in the future"),
        Text(
            ja="修了の日時 {value} が未来になっています。",
            en="The completion is dated {value}, which is in the future.",
        ),
    ),
    Reason.BAD_SCORE: (
        Text(ja="点数を読めない記録", en="Unreadable score"),
        Text(
            ja="「{value}」は0から{maximum}までの点数ではありません。",
            en='"{value}" is not a score from 0 to {maximum}.',
        ),
    ),
    Reason.INVALID_JSON: (
        Text(ja="JSONとして正しくない記録", en="Invalid JSON"),
        Text(ja="JSONとして正しくありません。", en="This is not valid JSON."),
    ),
    Reason.INVALID_STATEMENT: (
        Text(ja="xAPIの規則に合わない記録", en="Invalid statement"),
        Text(
            ja="xAPIのステートメントとして正しくありません。",
            en="This is not a valid xAPI statement.",
        ),
    ),
    Reason.ACTOR_OUTSIDE_NAMESPACE: (
        Text(ja="担当外の学習者についての記録", en="Learner of another portal"),
        Text(
            ja="この提供元は、この学習者IDについて報告することを認められていません。",
            en="This provider may not speak for that learner id.",
        ),
    ),
    Reason.UNKNOWN_LEARNER: (
        Text(ja="心当たりのない学習者についての記録", en="Learner we never sent"),
        Text(
            ja="この提供元の講座を、ここから番号「{learner}」で開いた人はいません。"
            "提供元に番号を確かめてください。",
            en="Nobody has opened a course of this provider from here under the number {learner}. "
            "Ask the provider about it.",
        ),
    ),
    Reason.ACTIVITY_OUTSIDE_PREFIX: (
        Text(ja="担当外の講座についての記録", en="Course of another portal"),
        Text(
            ja="この提供元は、この講座について報告することを認められていません。",
            en="This provider may not speak about that course.",
        ),
    ),
    Reason.COLUMN_ELSEWHERE: (
        Text(ja="LMSの登録にない場所の成績", en="Result at a place that is not registered"),
        Text(
            ja="この成績項目は {site} にありますが、このLMSの登録にはない場所です。"
            "「LMSの登録」の、このLMSのページで、{site} をこのLMSのものと認めてください。",
            en="The column is at {site}, which is not part of what this LMS is registered with. "
            "On the LMS's page under LMS registrations, accept {site} as part of it.",
        ),
    ),
    Reason.VOID_FORBIDDEN: (
        Text(ja="取り消しを認められていない記録", en="Voiding not allowed"),
        Text(
            ja="この提供元は、この記録を取り消すことを認められていません。",
            en="This provider may not void that record.",
        ),
    ),
    Reason.ID_CONFLICT: (
        Text(ja="同じIDで内容が異なる記録", en="Same id, other content"),
        Text(
            ja="同じID（{id}）で内容の異なる記録がすでにあります。保存済みの記録は変わりません。",
            en="A record with this id ({id}) and other content is stored already; it is unchanged.",
        ),
    ),
    Reason.ID_TAKEN: (
        Text(ja="用意したIDが使われていた記録", en="Id taken by another"),
        Text(
            ja="この記録に使うID（{id}）が、別の提供元の記録にすでに使われています。"
            "この記録はまだ反映されていません。管理者に連絡してください。",
            en="The id that this record needs ({id}) is taken by a record of somebody else. "
            "The record has not taken effect; tell the administrator.",
        ),
    ),
}


def label(reason: Reason) -> Text:
    """The reason as a heading in a list."""
    return _TEXTS[reason][0]


def sentence(reason: Reason) -> Text:
    """The reason as a sentence about one record, its `{placeholders}` still open."""
    return _TEXTS[reason][1]
