"""What a page says after something was done: a closed list, named in the address by `done=`.

Words in an address would let a stranger put sentences in our mouth.
"""

from __future__ import annotations

from engine.text import Text

NOTICES: dict[str, Text] = {
    "signed_up": Text(
        ja="登録しました。次に、学習したポータルのIDをつなぎましょう。",
        en="You are registered. Next, connect the portals where you have studied.",
    ),
    "signed_out": Text(ja="サインアウトしました。", en="You are signed out."),
    "linked": Text(
        ja="IDをつなぎました。学習の記録を反映しています。",
        en="The identity is connected. Its learning records are being added.",
    ),
    "already_linked": Text(
        ja="このIDはすでにあなたの台帳につながっています。",
        en="This identity is already connected to you.",
    ),
    "pending": Text(
        ja="申し出を受け付けました。本人確認が済むまで、記録は反映されません。",
        en="Your claim is noted. Nothing is added until it is proved.",
    ),
    "unlinked": Text(
        ja="つながりを解除しました。記録は消えず、いつでもつなぎ直せます。",
        en="The identity is disconnected. Its records are kept, and it can be connected again.",
    ),
    "unlinked_by_officer": Text(
        ja="つながりを解除しました。この方のバッジを判定し直しています。",
        en="The identity is disconnected. The learner's badges are being decided again.",
    ),
    "disputed": Text(
        ja="このIDはほかの方につながっているため、つなげませんでした。事務局が確認し、双方にお知らせします。",
        en="This identity belongs to somebody else here, so it was not connected. "
        "The secretariat will look into it and tell both sides.",
    ),
    "run_started": Text(
        ja="同期を始めました。結果はこの画面に出ます。",
        en="The sync has started. Its result will appear on this page.",
    ),
    "file_imported": Text(ja="ファイルを取り込みました。", en="The file has been read in."),
    "file_partly": Text(
        ja="ファイルを取り込みました。ただし、下の行は保留です。",
        en="The file has been read in, but the rows below are held.",
    ),
    "file_refused": Text(
        ja="ファイルは取り込めませんでした。理由は下のとおりです。直してからもう一度送ってください。",
        en="Nothing of the file was taken; the reason stands below. Correct it and try again.",
    ),
    "activity_mapped": Text(
        ja="講座をスキルに対応づけました。該当する学習者を判定し直しています。",
        en="The course now counts for the skill. The learners concerned are being re-evaluated.",
    ),
    "activity_unmapped": Text(
        ja="この講座を対応づけから外しました。授与済みのバッジはそのままです。",
        en="The course no longer counts. Badges that were awarded stay.",
    ),
    "tool_registered": Text(
        ja="登録しました。下の値を提供元に伝えて、相手側の登録を済ませてもらってください。",
        en="It is registered. Hand the values below to the provider, who enters them there.",
    ),
    "tool_switched_off": Text(
        ja="停止しました。講座は開けず、成績も受け取りません。",
        en="It is switched off: its courses cannot be opened, its scores are not taken.",
    ),
    "tool_switched_on": Text(ja="利用を再開しました。", en="It is in use again."),
    "courses_chosen": Text(
        ja="講座を受け取りました。スキルに対応づけると、受講できる講座の一覧に載ります。",
        en="The courses are here. Each appears in the catalogue once it counts for a skill.",
    ),
    "no_course_chosen": Text(ja="講座は選ばれませんでした。", en="No course was chosen."),
    "course_withdrawn": Text(
        ja="講座を取り下げました。これまでの修了はそのまま残ります。",
        en="The course is withdrawn. What was completed in it stays.",
    ),
    "course_not_offered": Text(
        ja="この講座は、現在ここでは提供していません。くわしくは事務局にお問い合わせください。",
        en="This course is not offered here at present. The secretariat can tell you more.",
    ),
    "set_aside": Text(ja="記録を対象外にしました。", en="The record has been set aside."),
    "proposed": Text(
        ja="提案を記録しました。もう一人の担当者の承認で、つながります。",
        en="The proposal is noted. It takes effect when a second officer approves it.",
    ),
    "approved": Text(
        ja="承認しました。記録を反映しています。",
        en="Approved. The learning records are being added.",
    ),
    "declined": Text(ja="提案を取り下げました。", en="The proposal has been declined."),
    "settled": Text(ja="申立てを解決しました。", en="The dispute is settled."),
    "replayed": Text(
        ja="もう一度送ります。結果はこの画面に出ます。",
        en="They will be sent again; this page shows what comes of it.",
    ),
    "key_revoked": Text(
        ja="接続キーを失効させました。これからは認証されません。",
        en="The connection key is revoked. Nobody comes in with it any more.",
    ),
    "invitation_withdrawn": Text(
        ja="登録用アドレスを取り下げました。このアドレスではもう登録できません。",
        en="The registration address is withdrawn. Nobody can register with it any more.",
    ),
    "registration_active": Text(
        ja="このLMSを承認しました。LMSから開けるようになりました。",
        en="The platform is approved. It can launch this site now.",
    ),
    "registration_unplaced": Text(
        ja="このLMSを承認しました。ただし、デプロイメントIDがまだないため、LMSからは開けません。"
        "LMSに表示されるデプロイメントIDを、下に追加してください。",
        en="The platform is approved, but it cannot launch this site yet: it has no deployment. "
        "Add the deployment ID that the LMS shows, below.",
    ),
    "registration_waits": Text(
        ja="登録しました。この発行元はすでに知られているため、下の違いを確かめて承認してください。",
        en="It is registered. Its issuer is known already: look at what differs below, and approve "
        "it then.",
    ),
    "registration_disabled": Text(
        ja="このLMSを停止しました。LMSからの起動は受け付けません。",
        en="The platform is switched off. Its launches are refused.",
    ),
    "scores_again": Text(
        ja="LMSにまだない成績を、もう一度送ります。",
        en="Scores that the LMS does not have yet are being sent again.",
    ),
    "registration_removed": Text(
        ja="登録を削除しました。届いた記録は残っています。",
        en="The registration is deleted. The records that came from it are kept.",
    ),
    "site_permitted": Text(
        ja="この場所をLMSのものと認めました。次の同期で、保留していた成績を受け取ります。",
        en="The place is accepted as part of the LMS. The next sync takes what was held.",
    ),
    "deployment_added": Text(
        ja="デプロイメントIDを追加しました。このデプロイメントからの起動を受け付けます。",
        en="The deployment is added. Launches from it are accepted.",
    ),
    "deployment_removed": Text(
        ja="デプロイメントIDを除きました。このデプロイメントからの起動は受け付けません。",
        en="The deployment is removed. Launches from it are refused.",
    ),
    "reviewed": Text(ja="確認の結果を記録しました。", en="The outcome of the review is noted."),
}

NOT_GOOD = frozenset(
    {"course_not_offered", "disputed", "file_partly", "file_refused"}
    | {"registration_unplaced", "registration_waits"}
)
"""Those that tell of something that did not go as it was meant to."""


def notice(code: str | None) -> Text | None:
    """The words for this code, if it is one of ours."""
    return NOTICES.get(code or "")
