//! Reading: what others may see of a workspace, content opened. Nothing here writes.

use crate::views::{self, effect_view, open, task_view};
use crate::{Failure, Sequencer};
use kernel::effect;
use kernel::entity::{Branch, Move, Origin, Workspace as WorkspaceEntity};
use kernel::hash::HashText;
use kernel::id::Id;
use kernel::key::{Key, Space};
use kernel::machine::{Revealed, Stop, Takes, Workspace};
use kernel::view::{Halt, Reader};
use ports::sequencing::{EffectView, EventView, MovingView, OriginView, WorkspaceView};
use ports::space::Room;
use ports::views::{Query, TaskView};
use serde_json::Value;
use std::collections::BTreeMap;

impl Sequencer {
    /// Where the workspace stands.
    pub async fn describe(&mut self) -> Result<WorkspaceView, Failure> {
        self.exists()?;
        let room = self.look_at_room().await;
        let mut view = self.stand().await?;
        view.room = room;
        if let Some(pos) = self.ask(|workspace| left_at(workspace)).await?
            && let Some(moving) = &mut view.moving
        {
            let event = self.store.events(&self.name(), pos, 1).await?.pop();
            moving.left = event.and_then(|event| String::from_utf8(event.body).ok());
        }
        Ok(view)
    }

    /// The roots there are, one after the other: asked together, each load would fold all of them anew.
    pub(crate) async fn roots(&mut self) -> Result<BTreeMap<Space, HashText>, Failure> {
        let mut roots = BTreeMap::new();
        for space in self.ask(|workspace| workspace.rooted()).await? {
            roots.insert(space, self.ask(|workspace| workspace.root(space)).await?);
        }
        Ok(roots)
    }

    async fn stand(&mut self) -> Result<WorkspaceView, Failure> {
        let roots = self.roots().await?;
        self.ask(|workspace| {
            let entity = workspace.read(workspace.main()?).data::<WorkspaceEntity>(Key::Workspace)?;
            let name = entity.and_then(|entity| entity.name.0.clone());
            Ok(WorkspaceView {
                id: workspace.id(),
                name: open(workspace, name.as_ref())?,
                pos: workspace.pos(),
                format: workspace.heads().format,
                room: Room::Enough,
                roots: roots.clone(),
                origin: origin(workspace)?,
                moving: moving(workspace)?,
            })
        })
        .await
    }

    /// A task with its newest steps.
    pub async fn task(&mut self, id: Id) -> Result<Option<TaskView>, Failure> {
        self.ask(|workspace| task_view(workspace, id)).await
    }

    /// A read model; none when what is asked for is not there.
    pub async fn read(&mut self, query: &Query) -> Result<Option<Value>, Failure> {
        match query {
            Query::RestorePreview(pos) => Ok(Some(self.restore_preview(*pos).await?)),
            _ => self.ask(|workspace| views::read(workspace, query)).await,
        }
    }

    /// Effects that a runtime can take now: none while they are held.
    pub async fn due(&mut self, limit: usize) -> Result<Vec<Id>, Failure> {
        self.ask(|workspace| unless_held(workspace, |read| effect::effects(read, limit))).await
    }

    /// Effects that wait, held or not.
    pub async fn waiting(&mut self, limit: usize) -> Result<Vec<Id>, Failure> {
        self.ask(|workspace| Ok(effect::effects(&workspace.read(workspace.main()?), limit)?)).await
    }

    /// When the first lease is over; never while effects are held.
    pub async fn next_expiry(&mut self) -> Result<Option<u64>, Failure> {
        self.ask(|workspace| unless_held(workspace, effect::next_expiry)).await
    }

    /// When the next timer is due; never while effects are held.
    pub async fn next_due(&mut self) -> Result<Option<u64>, Failure> {
        self.ask(|workspace| unless_held(workspace, effect::next_due)).await
    }

    /// When a runtime has something to do here: now if an effect waits, else when the first lease is over or the next timer
    /// is due.
    pub(crate) async fn wake_at(&mut self, now_ms: u64) -> Result<Option<u64>, Failure> {
        if !self.due(1).await?.is_empty() {
            return Ok(Some(now_ms));
        }
        Ok(self.next_expiry().await?.into_iter().chain(self.next_due().await?).min())
    }

    /// A leased effect.
    pub async fn effect(&mut self, id: Id) -> Result<Option<EffectView>, Failure> {
        self.ask(|workspace| effect_view(workspace, id)).await
    }

    /// Committed events after a position.
    pub async fn events(&mut self, after: u64, limit: usize) -> Result<Vec<EventView>, Failure> {
        self.exists()?;
        let mut views = Vec::new();
        for event in self.store.events(&self.name(), after, limit).await? {
            let opened = self.ask(|workspace| workspace.reveal_event(&event)).await?;
            let content = opened.into_iter().map(|(role, _, revealed)| (role.to_owned(), text(revealed))).collect();
            views.push(EventView { event, content });
        }
        Ok(views)
    }
}

/// What `ask` comes to, and nothing while the workspace's effects are held after an import or a restore, or it is on its
/// way or gone, or there is no room for what would come of it.
fn unless_held<T: Default>(
    workspace: &Workspace,
    ask: impl Fn(&Reader<'_, Workspace>) -> Result<T, Halt>,
) -> Result<T, Stop> {
    if workspace.takes() != Takes::Everything {
        return Ok(T::default());
    }
    let read = workspace.read(workspace.main()?);
    let held = read.control::<Origin>(Key::Origin)?.is_some_and(|origin| *origin.held);
    let moves = read.control::<Move>(Key::Move)?.is_some();
    let restored = read.control::<Branch>(Key::Branch(read.line().branch))?.is_some_and(|main| *main.held);
    if held || moves || restored { Ok(T::default()) } else { Ok(ask(&read)?) }
}

fn origin(workspace: &Workspace) -> Result<Option<OriginView>, Stop> {
    let origin = workspace.read(workspace.main()?).control::<Origin>(Key::Origin)?;
    Ok(origin.map(|it| OriginView { incarnation: *it.incarnation, held: *it.held, pos: *it.pos, file: *it.file }))
}

fn moving(workspace: &Workspace) -> Result<Option<MovingView>, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(moving) = read.control::<Move>(Key::Move)? else { return Ok(None) };
    let control = moving.control.unwrap_or(workspace.heads().stream(Space::Control).hash);
    let to = moving.to.0.clone();
    Ok(Some(MovingView { to, control, leases_until: effect::last_expiry(&read)?, left: None }))
}

/// Position up to which the workspace is elsewhere, where it left.
fn left_at(workspace: &Workspace) -> Result<Option<u64>, Stop> {
    let moving = workspace.read(workspace.main()?).control::<Move>(Key::Move)?;
    Ok(moving.and_then(|moving| *moving.left))
}

fn text(revealed: Revealed) -> Option<String> {
    match revealed {
        Revealed::Text(text) => Some(text),
        Revealed::Destroyed => None,
    }
}
