mod agent;
mod context;
mod person;
