"""Users, chats, topics and the rights of the bot in them, as Telegram tells them. Sends nothing."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.sandbox.messages import Message

Json = dict[str, Any]

GENERAL = 1  # the topic every forum has; never named when writing there
TOPIC_COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)

#: Who an administrator is when they act as the group itself.
ANONYMOUS_ID = 1087968824


@dataclass
class User:
    """Somebody with a Telegram account, or the bot, or for the page somebody with a telephone only."""

    id: int
    first_name: str
    last_name: str = ""
    username: str | None = None
    is_bot: bool = False
    phone: str | None = None
    on_telegram: bool = True
    started: bool = False  # has written to the bot, which alone allows the bot to write
    blocked: bool = False  # has blocked the bot
    deactivated: bool = False  # has closed the account
    # What the page shows beside the name; Telegram knows nothing of it.
    role: str = ""
    label: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def as_json(self) -> Json:
        """A `User` object."""
        body: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.last_name:
            body["last_name"] = self.last_name
        if self.username:
            body["username"] = self.username
        if not self.is_bot:
            body["language_code"] = "fr"
        return body


ANONYMOUS = User(ANONYMOUS_ID, "Group", username="GroupAnonymousBot", is_bot=True)


@dataclass
class BotRights:
    """What the bot may do in a group; without `administrator` it is a plain member."""

    administrator: bool = True
    manage_topics: bool = True
    delete_messages: bool = True
    pin_messages: bool = True
    restrict_members: bool = True


@dataclass
class Topic:
    """One thread of a chat. Its number is that of the service message that opened it."""

    id: int
    name: str
    icon_color: int = TOPIC_COLOURS[0]
    icon_custom_emoji_id: str | None = None
    closed: bool = False

    def as_json(self) -> Json:
        """A `ForumTopic` object."""
        body: Json = {"message_thread_id": self.id, "name": self.name, "icon_color": self.icon_color}
        if self.icon_custom_emoji_id:
            body["icon_custom_emoji_id"] = self.icon_custom_emoji_id
        return body


@dataclass
class Chat:
    """A private chat with the bot, a group, or a supergroup."""

    id: int
    type: str  # private, group, supergroup
    title: str = ""
    person: User | None = None  # whose private chat it is
    is_forum: bool = False
    purpose: str = "private"  # for the page: osnp, organisation or private
    members: list[int] = field(default_factory=list)
    anonymous: set[int] = field(default_factory=set)  # administrators who act as the group
    bot_status: str = "member"  # administrator, member, left, kicked
    rights: BotRights = field(default_factory=BotRights)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, "Message"] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)  # newest first
    last_message_id: int = GENERAL  # the first line of a group is its General topic's
    migrated_to: int | None = None

    @property
    def is_group(self) -> bool:
        """Whether several people write here."""
        return self.type != "private"

    @property
    def bot_is_in(self) -> bool:
        """Whether the bot can read and write here at all."""
        return self.bot_status in {"administrator", "member"}

    @property
    def bot_administers(self) -> bool:
        """Whether the bot is an administrator here."""
        return self.bot_status == "administrator"

    def as_json(self) -> Json:
        """A `Chat` object."""
        body: Json = {"id": self.id, "type": self.type}
        if self.person is not None:
            body["first_name"] = self.person.first_name
            if self.person.last_name:
                body["last_name"] = self.person.last_name
            if self.person.username:
                body["username"] = self.person.username
            return body
        body["title"] = self.title
        if self.is_forum:
            body["is_forum"] = True
        return body

    def member_status(self, user: int) -> str:
        """What a person is in this group: creator, administrator, member or left."""
        if user not in self.members:
            return "left"
        if self.members[0] == user:
            return "creator"
        return "administrator" if user in self.anonymous else "member"

    def member_json(self, user: User) -> Json:
        """A `ChatMember` object for a person."""
        status = self.member_status(user.id)
        body: Json = {"user": user.as_json(), "status": status}
        if status == "creator":
            body["is_anonymous"] = user.id in self.anonymous
        if status == "administrator":
            body |= _administrator(BotRights(), anonymous=True)
        return body

    def bot_json(self, bot: User) -> Json:
        """A `ChatMember` object for the bot."""
        body: Json = {"user": bot.as_json(), "status": self.bot_status}
        if self.bot_status == "administrator":
            body |= _administrator(self.rights, anonymous=False)
        if self.bot_status == "kicked":
            body["until_date"] = 0
        return body


def _administrator(rights: BotRights, *, anonymous: bool) -> Json:
    return {
        "can_be_edited": False,
        "is_anonymous": anonymous,
        "can_manage_chat": True,
        "can_delete_messages": rights.delete_messages,
        "can_manage_video_chats": False,
        "can_restrict_members": rights.restrict_members,
        "can_promote_members": False,
        "can_change_info": False,
        "can_invite_users": True,
        "can_post_stories": False,
        "can_edit_stories": False,
        "can_delete_stories": False,
        "can_pin_messages": rights.pin_messages,
        "can_manage_topics": rights.manage_topics,
    }
